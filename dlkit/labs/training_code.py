"""The programs that do what TrainingLab does with its present settings, in dlkit and in Keras."""

from dlkit import datasets
from dlkit.labs.architectures import ARCHITECTURES, check_fit
from dlkit.training.config import TrainingConfig

_KERAS_OPTIMIZERS = {
    "sgd": "SGD({rate!r})",
    "momentum": "SGD({rate!r}, momentum=0.9)",
    "nesterov": "SGD({rate!r}, momentum=0.9, nesterov=True)",
    "adagrad": "Adagrad({rate!r})",
    "rmsprop": "RMSprop({rate!r})",
    "adam": "Adam({rate!r})",
    "nadam": "Nadam({rate!r})",
}
_PRINT = (
    "for name, values in history.items():",
    '    print(f"{name}: {values[-1]:.6g} after {len(values)} epochs, "',
    '          f"{values[best - 1]:.6g} in the best one, epoch {best}")',
)


def dlkit_program(settings):
    """Return a program in dlkit that trains with these settings and prints its last and best numbers.

    Parameters
    ----------
    settings : dict
        Values of the controls of the training lab.

    Returns
    -------
    str
        On one machine it prints the very numbers of the lab.
    """
    problem = _problem(settings)
    if problem:
        return problem
    chosen = ARCHITECTURES[settings["architecture"]]
    seed, rate = settings["seed"], float(settings["learning_rate"])
    names = "TrainingConfig, TrainingJob, datasets"
    if chosen.hidden is None:
        model = _built(settings, chosen)
        keras = ["import keras", ""] if "keras." in "".join(model) else []
        imports = [*keras, f"from dlkit import {names}, models"]
    else:
        on_keras = settings["engine"] == "keras"
        layers, kinds = _layers(settings, chosen, "")
        dtype = "float32" if on_keras else "float64"
        imports = [f"from dlkit import Network, {names}"]
        imports.append(f"from dlkit.layers import {', '.join(kinds)}")
        model = [
            "model = Network(",
            "    [",
            *(f"        {layer}," for layer in layers),
            "    ],",
            f'    data.input_shape, seed={seed}, dtype="{dtype}",',
            ").to_keras()" if on_keras else ")",
        ]
    return "\n".join(
        (
            *imports,
            "",
            f'data = datasets.get("{settings["dataset"]}")',
            *model,
            "config = TrainingConfig(",
            f"    epochs={settings['epochs']}, learning_rate={rate!r}, "
            f"batch_size={settings['batch_size']},",
            f'    optimizer="{settings["optimizer"]}", '
            f"early_stopping={settings['early_stopping']}, seed={seed},",
            ")",
            "job = TrainingJob(model, data, config)",
            "job.start()",
            "job.wait()",
            "",
            "history, best = job.history.history, job.history.best_epoch or len(job.history)",
            *_PRINT,
        )
    )


def keras_program(settings):
    """Return a program in Keras that trains with these settings and prints the same numbers.

    Parameters
    ----------
    settings : dict
        Values of the controls of the training lab.

    Returns
    -------
    str
        Keras draws other random numbers than dlkit, so its results differ as those of another seed
        would. A script with the very same weights and batches: ``TrainingLab.export_script``.
    """
    problem = _problem(settings)
    if problem:
        return problem
    chosen = ARCHITECTURES[settings["architecture"]]
    if chosen.hidden is None:
        model = _built(settings, chosen)
        imports = ["import keras", "import numpy as np", "", "from dlkit import datasets, models"]
    else:
        layers, _ = _layers(settings, chosen, "keras.layers.")
        imports = ["import keras", "import numpy as np", "", "from dlkit import datasets"]
        model = [
            "model = keras.Sequential(",
            "    [",
            "        keras.Input(data.input_shape),",
            *(f"        {layer}," for layer in layers),
            "    ]",
            ")",
        ]
    data = datasets.get(settings["dataset"])
    regression = data.task_type == "regression"
    loss = "mean_squared_error" if regression else "sparse_categorical_crossentropy"
    optimizer = _KERAS_OPTIMIZERS[settings["optimizer"]].format(rate=settings["learning_rate"])
    patience = TrainingConfig().patience
    stopping = f"keras.callbacks.EarlyStopping(patience={patience}, restore_best_weights=True)"
    return "\n".join(
        (
            *imports,
            "",
            f"keras.utils.set_random_seed({settings['seed']})  # other random numbers than dlkit's: "
            "like another seed",
            f'data = datasets.get("{settings["dataset"]}")',
            *model,
            "model.compile(",
            f"    keras.optimizers.{optimizer},",
            f'    loss="{loss}", metrics=["{"mae" if regression else "accuracy"}"],',
            ")",
            "history = model.fit(",
            "    data.x_train, data.y_train,",
            f"    batch_size={settings['batch_size']}, epochs={settings['epochs']}, verbose=0,",
            "    validation_data=(data.x_validation, data.y_validation),",
            *([f"    callbacks=[{stopping}],"] if settings["early_stopping"] else []),
            ").history",
            "",
            'best = int(np.argmin(history["val_loss"])) + 1',
            *_PRINT,
        )
    )


def _problem(settings):
    """Return a program that says why there is no network for these settings, "" if there is one."""
    chosen = ARCHITECTURES[settings["architecture"]]
    engine = "keras" if chosen.hidden is None else settings["engine"]
    try:
        check_fit(settings["architecture"], engine, datasets.get(settings["dataset"]))
    except ValueError as error:
        first, *rest = str(error).split(". ")
        return "\n".join([f'print("{first}.")', *(f'print("{words}")' for words in rest)])
    return ""


def _layers(settings, chosen, prefix):
    """Return the layers of a dense network as Python text, and which kinds there are."""
    data = datasets.get(settings["dataset"])
    lines = ["Flatten()"] if len(data.input_shape) > 1 else []
    for units in chosen.hidden:
        lines.append(f'Dense({units}, activation="relu")')
        if chosen.batch_normalization:
            lines.append("BatchNormalization()")
        if chosen.dropout_rate:
            lines.append(f"Dropout({chosen.dropout_rate})")
    last = "softmax" if data.task_type == "classification" else "linear"
    lines.append(f'Dense({data.output_dim}, activation="{last}")')
    kinds = sorted({line.split("(")[0] for line in lines})
    return [prefix + line for line in lines], kinds


def _built(settings, chosen):
    """Return the code of a network that a builder of `dlkit.models` makes."""
    builder = f"models.{chosen.builder}"
    rest = f"data.output_dim, data.task_type, seed={settings['seed']})"
    if settings["architecture"] == "cnn":
        return [f"model = {builder}(data.input_shape, {rest}"]
    return [
        "height, width, channels = data.input_shape",
        "rows = (height, width * channels)  # the image is read row by row",
        f"inner = {builder}(rows, {rest}",
        "image = keras.Input(data.input_shape)",
        "model = keras.Model(image, inner(keras.layers.Reshape(rows)(image)))",
    ]
