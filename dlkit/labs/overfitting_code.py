"""The programs behind the code button of the overfitting lab: the same run in dlkit and in Keras."""

from dlkit.labs.overfitting_model import BATCH_SIZE, JITTER, MOMENTUM, PERIODS, POOL, patience


def dlkit_program(settings):
    """Return a program in dlkit that trains with these settings and prints both losses.

    Parameters
    ----------
    settings : dict
        Values of the controls.

    Returns
    -------
    str
    """
    imports = ["import numpy as np", "", "from dlkit import Network, datasets"]
    if settings["problem"] == "digits" and settings["augmentation"]:
        imports[-1] = "from dlkit import Network, augment, datasets"
    kinds = ["BatchNormalization"] * settings["batch_normalization"] + ["Dense"]
    kinds += ["Dropout"] * bool(settings["dropout"])
    imports.append(f"from dlkit.layers import {', '.join(kinds)}")
    penalty = ""
    if settings["l1"] or settings["l2"]:
        imports.append("from dlkit.regularizers import L1L2")
        penalty = f", kernel_regularizer=L1L2({settings['l1']}, {settings['l2']})"
    lines = [*imports, "", *_data(settings), "", "layers = []"]
    lines += _hidden(settings, penalty, "layers.append")
    lines += [
        f'layers.append(Dense({_outputs(settings)}, "{_last(settings)}"{penalty}))',
        f'network = Network(layers, x.shape[1:], seed={settings["seed"]}, dtype="float64")',
        "network.fit(",
        f"    x_more, y_more, validation_data=exam, epochs={settings['epochs']},",
        f"    learning_rate={settings['learning_rate']!r}, seed={settings['seed']},",
        f"    early_stopping={settings['early_stopping']}, patience={patience(settings['epochs'])},",
        ")",
        "penalty = network.regularization_loss()",
        'training = network.evaluate(x, y)["loss"] - penalty',
        'validation = network.evaluate(*exam)["loss"] - penalty',
        *_print(),
    ]
    return "\n".join(lines) + "\n"


def keras_program(settings):
    """Return a program in Keras that trains with these settings and prints both losses.

    Parameters
    ----------
    settings : dict
        Values of the controls.

    Returns
    -------
    str
    """
    digits_copies = settings["problem"] == "digits" and settings["augmentation"]
    names = "augment, datasets" if digits_copies else "datasets"
    lines = ["import keras", "import numpy as np", "from keras import layers", ""]
    lines += [f"from dlkit import {names}  # the same data", "", *_data(settings), ""]
    penalty = ""
    if settings["l1"] or settings["l2"]:
        penalty = (
            f", kernel_regularizer=keras.regularizers.L1L2({settings['l1']}, {settings['l2']})"
        )
    lines += [f"keras.utils.set_random_seed({settings['seed']})"]
    lines += ["model = keras.Sequential([keras.Input(x.shape[1:])])"]
    lines += _hidden(settings, penalty)
    lines += [
        f'model.add(layers.Dense({_outputs(settings)}, "{_last(settings)}"{penalty}))',
        f'model.compile(keras.optimizers.Adam({settings["learning_rate"]!r}), "{_loss(settings)}")',
        *_keras_training(settings),
        "",
        "",
        "def loss_of(x, y):  # without penalties",
        f"    losses = keras.losses.{_loss(settings)}(y, model.predict(x, verbose=0))",
        "    return float(np.mean(losses))",
        "",
        "",
        "training, validation = loss_of(x, y), loss_of(*exam)",
        *_print(),
    ]
    return "\n".join(lines) + "\n"


def _data(settings):
    problem, noise, seed = settings["problem"], settings["noise"], settings["seed"]
    n, copies = settings["samples"], settings["augmentation"]
    if problem == "digits":
        lines = ["pool = datasets.digits(flat=True)"]
    elif problem == "curve":
        lines = [
            f"pool = datasets.sine({seed}, samples={POOL}, noise={noise!r}, periods={PERIODS})"
        ]
    else:
        lines = [f"pool = datasets.{problem}({seed}, samples={POOL}, noise={noise!r})"]
    lines += [
        f'x, y = pool.x_train[:{n}].astype("float64"), pool.y_train[:{n}].copy()',
        'exam = (pool.x_validation.astype("float64"), pool.y_validation.copy())',
    ]
    if problem == "digits" and noise:
        lines += [
            "for truth in (y, exam[1]):  # some labels become wrong",
            f"    generator = np.random.default_rng({seed})",
            f"    wrong = generator.permutation(len(truth))[:round({noise!r} * len(truth))]",
            "    truth[wrong] = (truth[wrong] + generator.integers(1, 10, len(wrong))) % 10",
        ]
    if not copies:
        return [*lines, "x_more, y_more = x, y"]
    if problem == "digits":
        lines += [
            "images = x.reshape(-1, 8, 8, 1)",
            'how = {"flip": False, "shift": 0.125, "rotate": 10, "fill": "constant"}',
            f"copies = [augment(images, c, **how).reshape(x.shape) for c in range({copies})]",
        ]
    else:
        lines += [
            f"generator = np.random.default_rng({seed})",
            f"copies = [x + generator.normal(0, {JITTER}, x.shape) for _ in range({copies})]",
        ]
    return [
        *lines,
        f"x_more, y_more = np.concatenate([x, *copies]), np.concatenate([y] * {copies + 1})",
    ]


def _hidden(settings, penalty, add="model.add"):
    """Return the loop that adds the hidden layers; nothing for a linear model."""
    if not settings["layers"]:
        return []
    prefix = "layers." if add == "model.add" else ""
    lines = [f"for _ in range({settings['layers']}):"]
    lines.append(f'    {add}({prefix}Dense({settings["width"]}, "relu"{penalty}))')
    if settings["batch_normalization"]:
        lines.append(f"    {add}({prefix}BatchNormalization(momentum={MOMENTUM}))")
    if settings["dropout"]:
        lines.append(f"    {add}({prefix}Dropout({settings['dropout']!r}))")
    return lines


def _keras_training(settings):
    points = settings["samples"] * (settings["augmentation"] + 1)
    if points <= BATCH_SIZE and not settings["early_stopping"]:
        return [
            f"for _ in range({settings['epochs']}):  # one batch holds all points",
            "    model.train_on_batch(x_more, y_more)",
        ]
    rest, callbacks = "verbose=0", []
    if settings["early_stopping"]:
        rest = "validation_data=exam, callbacks=[stop], verbose=0"
        callbacks = [
            "stop = keras.callbacks.EarlyStopping(",
            f"    patience={patience(settings['epochs'])}, restore_best_weights=True",
            ")",
        ]
    return [*callbacks, f"model.fit(x_more, y_more, epochs={settings['epochs']}, {rest})"]


def _outputs(settings):
    return {"curve": 1, "digits": 10}.get(settings["problem"], 2)


def _last(settings):
    return "linear" if settings["problem"] == "curve" else "softmax"


def _loss(settings):
    regression = settings["problem"] == "curve"
    return "mean_squared_error" if regression else "sparse_categorical_crossentropy"


def _print():
    return [
        'print(f"training loss {training:.6f}, validation loss {validation:.6f}")',
        'print(f"gap {validation - training:.6f}")',
    ]
