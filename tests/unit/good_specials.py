"""What an argument of one callable alone takes: `SPECIAL`."""

import io
import math
from dataclasses import replace

import numpy as np
from bad_values import (
    Argument,
    Made,
    array,
    choice,
    count,
    dictionary,
    function,
    labels,
    number,
    path,
    shape,
    text,
    thing,
    truth,
)
from good_common import (
    ACTIVATION,
    ARGUMENTS,
    DTYPE,
    GENERATOR,
    SCALAR_TOO,
    SCHEDULE,
    fraction,
    optional,
    rate,
    registered,
    sizes,
)
from good_things import (
    CURVES,
    IMAGES,
    LABELS,
    QUIZ,
    X,
    checkpoints,
    data,
    finished_job,
    folder,
    job,
    keras_model,
    network,
    picture,
    saved,
    value_of,
)

from dlkit import (
    activations,
    autodiff,
    datasets,
    initializers,
    layers,
    losses,
    optimizers,
)
from dlkit.estimators import NeuralNetworkRegressor
from dlkit.training import (
    EpochRecord,
    ReduceLROnPlateau,
    TrainingConfig,
    compare,
    find_learning_rate,
    sweep,
)
from dlkit.training.trials import build_mlp

RANGES = (
    3,
    "ab",
    (1.0,),
    (1.0, 2.0, 3.0),
    ("a", "b"),
    (math.nan, 1.0),
    (2.0, 1.0),
    (1.0, 1.0),
    True,
)
TEXTS = (None, 3, "text", [], ["only one"], ["a", "a"], [1, 2], [None, "b"], {}, True, ["", "b"])
CLASS_LABELS = labels(LABELS, None, width=False)

_FAMOUS = ("lenet5", "alexnet", "vgg16", "googlenet", "resnet18", "resnet50")
KERAS_SEED = {"seed": number(0, minimum=0, whole=True, optional=True)}
KERAS = {**KERAS_SEED, "vocabulary_size": count(optional=True, beside={"input_shape": (3,)})}

SEEDS = Argument(
    1, (None, 0, -1, 2.5, "1", b"1", [], [-1], ["1"], [1, 1], {}, True, math.nan), ([1],)
)


def swept():
    """Return a sweep over two settings."""
    space = {"learning_rate": [0.01, 0.1], "width": [2, 3]}
    return sweep(data(), space, TrainingConfig(epochs=1), seeds=1)


_PARTS = {
    f"{letter}_{part}": replace(
        array(X) if letter == "X" else labels(LABELS, None),
        # `Data` spells its names in lower case; parts are compared with each other
        names=[f"{a}_{b}" for a in "Xxy" for b in ("train", "val", "validation", "test")],
    )
    for part in ("train", "val", "test")
    for letter in "Xy"
}

# callable -> argument -> what it takes; "*" holds what is always given beside it
SPECIAL = {
    "activations.get": {"activation": optional(ACTIVATION)},
    "losses.get": {"loss": registered("huber", losses.LOSSES, None), "delta": rate()},
    "losses.default_loss": {
        "y": array(LABELS, any_shape=True),
        "output_activation": text("softmax"),
        "output_shape": shape((3,)),
    },
    "initializers.get": {"initializer": registered("zeros", initializers.INITIALIZERS, None)},
    "initializers.compute_fans": {"shape": Argument((3, 4), shape((3, 4)).bad[:5])},
    "initializers.truncated_normal": {"generator": GENERATOR, "shape": SCALAR_TOO},
    "optimizers.get": {"optimizer": registered("adam", optimizers.OPTIMIZERS, None)},
    "schedules.get": {"schedule": replace(SCHEDULE, names=("schedule", "learning_rate"))},
    "NetworkLoss.__call__": {
        "flat_parameters": array(np.ones(network().flat_parameters.shape), alone=False),
    },
    "Network.forward": {"x": array(X, alone=True)},
    "Network.predict": {"x": array(X, alone=True)},
    "Network.copy": {"dtype": optional(DTYPE)},
    "Network.from_config": {
        "config": dictionary(
            Made(lambda: network().get_config()), {}, {"layers": []},
            {"layers": 3, "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [{"kind": "Dens"}], "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [{}], "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [3], "input_shape": [4], "seed": 0, "dtype": "float32"},
            {"layers": [{"kind": "Dense", "unit": 3}], "input_shape": [4], "seed": 0, "dtype": "float32"},
            names=("config", "kind of layer", "layers"),
        )
    },
    "schedules.InverseTimeDecay": {"decay_rate": number(0.5, minimum=0)},
    "schedules.Warmup": {"initial_learning_rate": number(0.01, minimum=0)},
    "layers.TransformerEncoder": {"activation": optional(ACTIVATION)},
    "layers.TransformerDecoder": {"activation": optional(ACTIVATION)},
    "layers.Dense": {"activation": optional(ACTIVATION)},
    "layers.Conv2D": {"activation": optional(ACTIVATION)},
    "layers.Conv1D": {"activation": optional(ACTIVATION)},
    "layers.Activation": {"activation": optional(ACTIVATION)},
    "Network.from_keras": {"input_shape": optional(shape((4,))), "model": thing(Made(keras_model), network(), layers.Dense(2))},
    "Network.initialize": {"seed": number(0, minimum=0, whole=True, optional=True)},
    "Network.load": {"path": path(Made(lambda: saved("network")), "no/such/file.npz", ".")},
    "Network.save": {"path": path(Made(lambda: folder() / "n.npz"), "no/such/folder/n.npz", ".")},
    "Network.fit": {"patience": count(), "weight_decay": number(0.1, minimum=0, optional=True), "*": {"epochs": 1}},
    "gradcheck.check_gradients": {"*": {"loss": None}},
    "datasets.get": {"name": choice("moons", [*datasets.DATASETS, *datasets.SEQUENCES, *datasets.OWN, *datasets.DOWNLOADS])},
    "datasets.parity": {"bits": number(4, minimum=2, maximum=64, whole=True)},
    "datasets.adding_problem": {"length": number(4, minimum=2, maximum=10_000, whole=True)},
    "datasets.copy_task": {
        "length": number(2, minimum=1, maximum=10_000, whole=True),
        "delay": number(2, minimum=0, maximum=10_000, whole=True),
        "symbols": number(2, minimum=2, maximum=10_000, whole=True),
    },
    "datasets.reverse_copy": {
        "length": number(2, minimum=2, maximum=10_000, whole=True),
        "symbols": number(2, minimum=2, maximum=10_000, whole=True),
    },
    "datasets.sine_mixture": {
        "window": number(4, minimum=1, maximum=10_000, whole=True),
        "periods": array(np.array([24.0, 7.0]), alone=True),
    },
    "datasets.blobs": {"classes": number(3, minimum=2, maximum=10, whole=True)},
    "datasets.spirals": {"turns": number(1.0, above=0, maximum=10)},
    "datasets.sine": {"periods": number(2.0, above=0, maximum=100)},
    "datasets.logic": {
        "gate": choice("xor", ("and", "or", "xor", "nand", "nor")),
        "samples": number(4, minimum=4, whole=True, maximum=10_000_000),
    },
    "datasets.split": {
        "x": array(np.repeat(X, 4, axis=0), width=False, any_shape=True),
        "y": labels(np.repeat(LABELS, 4), None, width=False),
        "scale": truth(True),
        "scale_y": truth(False),
    },
    "datasets.Data": {
        "*": {"x_validation": X, "y_validation": LABELS, "x_test": X, "y_test": LABELS},
        "x_train": array(X, width=False, any_shape=True),
        "y_train": labels(LABELS, None),
        "x_validation": array(X, none=True),
        "y_validation": labels(LABELS, None, none=True),
        "x_test": array(X, none=True),
        "y_test": labels(LABELS, None, none=True),
        **{name: text("text") for name in ("name", "target_name", "target_unit")},
        "class_names": Argument(("a", "b", "c"), (3, "abc", [1, 2, 3], ["a"], math.nan, True)),
        "feature_names": Argument(tuple("abcd"), (3, "abcd", [1, 2, 3, 4], ["a"], math.nan, True)),
    },
    "datasets.Data.labels": {"part": choice("train", ("train", "validation", "test"))},
    "training.TrainingConfig": {
        "optimizer_arguments": Argument({"beta_1": 0.8}, (3, "text", [], None, {1: 2}, {"beta_3": 0.5},
            {"beta_1": 2}, {"beta_1": "a"}, {"learning_rate": 1}), names=("optimizer_arguments", "beta_1")),
        "patience": count(),
        "min_delta": number(0.0, minimum=0),
        "clipnorm": rate(optional=True),
        "clipvalue": rate(optional=True),
        "global_clipnorm": rate(optional=True),
        "weight_decay": number(0.1, minimum=0, optional=True),
        "learning_rate_schedule": optional(SCHEDULE),
        "plateau": Argument(
            {"factor": 0.5}, (3, "text", [], True, {"factr": 0.5}, {"factor": 2}, {"mode": "mni"}),
            (None, ReduceLROnPlateau()), names=("plateau", "factor", "mode"),
        ),
        "log_every": count(optional=True),
        "shuffle": truth(True),
        "gradient_accumulation_steps": count(),
        "class_weight": Argument({0: 2.0}, (3, "text", [], {}, True, {"a": 1}, {-1: 1}, {0.5: 1},
            {0: -1}, {0: "a"}, {0: math.nan}, {0: 0}, {True: 1}), (None, {"1": 0.5}), names=("class_weight",)),
        "mixed_precision": optional(choice("mixed_bfloat16", ("mixed_bfloat16",))),
        "validation_split": number(0.2, minimum=0, below=1),
        "record_layers": truth(False),
    },
    "training.ReduceLROnPlateau": {
        "monitor": choice("loss", ("val_loss", "loss", "val_accuracy", "accuracy", "val_mae", "mae")),
        "factor": number(0.5, above=0, below=1),
        "patience": count(),
        "mode": choice("auto", ("auto", "min", "max")),
        "min_delta": number(0.0, minimum=0),
        "cooldown": number(0, minimum=0, whole=True),
        "min_lr": number(0.0, minimum=0),
    },
    "training.TrainingConfig.from_json": {
        "text": Argument("{}", (None, 3, "", "text", "[]", "3", "{", b"{}", [], {}, True), names=("text",)),
    },
    "training.TrainingConfig.learning_rate_at": {"step": number(3, minimum=0)},
    "training.TrainingConfig.learning_rates": {
        name: number(3, minimum=0, whole=True) for name in ("step", "count")
    },
    "training.TrainingConfig.replace": {name: ARGUMENTS[name] for name in ("epochs", "seed", "learning_rate")},
    "training.TrainingJob": {
        "config": optional(ARGUMENTS["config"]),
        "checkpoint_dir": optional(
            path(Made(lambda: folder() / "new"), "no/such/folder/c", __file__, names=("checkpoint_dir",))
        ),
    },
    "training.TrainingJob.step": {
        "batches": optional(count(1)),
        "epochs": Argument(None, optional(ARGUMENTS["epochs"]).bad),
    },
    "training.TrainingJob.from_checkpoint": {
        "checkpoint_dir": path(Made(checkpoints), "no/such/folder", __file__, names=("checkpoint_dir",)),
        "model": thing(Made(network), type, layers.Dense(2)),
    },
    "training.TrainingJob.remove_observer": {"observer": Argument(print)},
    "CSVLog": {"path": path(Made(lambda: folder() / "run.csv"), "no/such/folder/run.csv", ".")},
    "TensorBoardLog": {"folder": path(Made(lambda: folder() / "events"), __file__)},
    "ProgressBar": {"file": Argument(Made(io.StringIO), (3, "text", [], True))},
    "training.epoch_order": {
        "number": number(5, minimum=0, whole=True),
        "epoch": count(1),
        "shuffle": truth(True),
    },
    "training.training_loop": {
        "engine": thing(Made(lambda: job().engine), network()),
        "chunk_size": function(lambda left: 1),
        "callbacks": Argument((), (3, None, "text", [3], math.nan)),
        "place": Argument(None, (3, "text", [3], (1, 2), math.nan)),
        "keep": Argument(None, (3, "text", [3], math.nan)),
    },
    "training.History": {
        "records": Argument((EpochRecord(1, 0.5, {}, 0.6, {}, 0.1, 1.0),), (3, None, "text", [3], {"a": 1}, True)),
        "batch_losses": Argument([0.5, math.nan], (3.0, None, "text", ["a"], [[1.0], [2.0]], {}, [1j])),
        "config": optional(ARGUMENTS["config"]),
        "stop_reason": text(""),
    },
    "training.diagnosis.diagnose": {},
    "training.train_together": {
        "networks": Argument(Made(lambda: [build_mlp(data(), 0)]), (None, 3, "text", [], {}, math.nan, [3], [None])),
        "configs": Argument(
            Made(lambda: [TrainingConfig(epochs=1)]), (None, 3, "text", [], {}, math.nan, [3], [None])
        ),
        "n_jobs": Argument(1, (None, "1", 0, 2.5, math.nan, [], {}, True)),
    },
    "training.sweep": {
        "space": dictionary({"learning_rate": [0.1]}, {}, {3: [1]}, {"learning_rate": 0.1}, {"learning_rate": []}),
        "config": optional(ARGUMENTS["config"]),
        "method": choice("grid", ("grid", "random"), beside={"samples": None}),
        "samples": number(2, minimum=1, whole=True, optional=True, beside={"method": "random"}),
        "seeds": SEEDS,
        "build": optional(function(lambda data, seed, **settings: network())),
        "n_jobs": Argument(1, ("1", 0, 2.5, math.nan, [], {}, True), (None,)),
        "progress": truth(False),
        "seed": number(0, minimum=0, whole=True, maximum=2**32 - 1),
        "*": {"config": TrainingConfig(epochs=1)},
    },
    "training.compare": {
        "variants": Argument(
            ["sgd", "adam"], (None, 3, "sgd", [], {}, ["sgd"], ["sgd", 3], ["sgd", "none"], {"a": 3, "b": 4}, math.nan)
        ),
        "config": optional(ARGUMENTS["config"]),
        "seeds": SEEDS,
        "learning_rates": Argument((0.01,), (3, "text", [], [-1.0], [math.nan], [[0.1]], ["0.1"], {}), (None,)),
        "tuning_epochs": count(1, optional=True),
        "build": optional(function(lambda data, seed, **settings: network())),
        "n_jobs": Argument(1, ("1", 0, 2.5, math.nan, [], {}, True), (None,)),
        "progress": truth(False),
        "*": {"config": TrainingConfig(epochs=1)},
    },
    "plots.sweep_map": {
        "found": thing(Made(lambda: swept()), X),
        "x": choice("learning_rate", ("learning_rate", "width"), optional=True),
        "y": Argument("width", ("learning_rate", "qq", 3, [], math.nan), (None,)),
    },
    "plots.comparison": {
        "found": thing(Made(lambda: compare(data(), ["sgd", "adam"], TrainingConfig(epochs=1), seeds=1)), X),
    },
    "training.find_learning_rate": {
        "config": optional(ARGUMENTS["config"]),
        "minimum": number(1e-4, above=0),
        "maximum": number(1.0, above=0),
        "steps": number(10, minimum=10, whole=True),
        "smoothing": fraction(0.9),
    },
    "diagnose": {"data": optional(ARGUMENTS["data"])},
    "plots.answers_over_plane": {
        "models": dictionary({"one": lambda x: x[:, 0] > 0}, {}, {"one": 3}),
        "x": array(X[:, :2], alone=False),
        "y": labels(LABELS % 2, 2),
        **{name: Argument(("a", "b"), (3, "ab", ("a",), (1, 2), [], {}, None, ("a", "b", "c")))
           for name in ("class_names", "axis_names")},
    },
    "export_script": {
        "run": thing(Made(finished_job), network()),
        "path": path(Made(lambda: folder() / "a_run.py"), "no/such/folder/a.py", ".", "run.txt"),
        "framework": choice("dlkit", ("dlkit", "keras")),
    },
    "labs.OverfittingLab.export_script": {
        "path": path(Made(lambda: folder() / "a_run.py"), "no/such/folder/a.py", ".", "run.txt"),
        "framework": choice("dlkit", ("dlkit", "keras")),
    },
    "labs.TrainingLab.export_script": {
        "path": path(Made(lambda: folder() / "a_run.py"), "no/such/folder/a.py", ".", "run.txt"),
        "framework": choice("dlkit", ("dlkit", "keras")),
    },
    "Report": {"part": choice("validation", ("validation", "test"))},
    "Report.save_html": {"path": path(Made(lambda: folder() / "r.html"), "no/such/folder/r.html", ".")},
    "show": {"things": Argument(activations.get, (), names=("show",)), "docstring": truth(False)},
    "figure_summary": {},
    "plots.figure_summary": {"figure": thing(Made(lambda: picture()[1]))},
    "plots.to_figure": {"chart": thing(Made(lambda: picture()[0]))},
    "plots.learning_rate_range": {
        "found": thing(Made(lambda: find_learning_rate(network(), data(), steps=10)), X),
    },
    "plots.value_graph": {"result": thing(Made(lambda: value_of(0.5)), autodiff.Value(1.0))},
    "plots.training_curves": {
        "runs": dictionary(CURVES, {}, {"loss": []}, {"loss": "text"}, {"a": {}}, {"a": {"acc": [1]}},
            {"loss": [[1.0]]}, {"loss": [None]}, names=("runs", "history", "run ")),
        "quantities": Argument(("loss",), (3, "loss", ["los"], [3], [], {}, [None], True, math.nan)),
        "best_epoch": number(1, minimum=1, maximum=3, whole=True, optional=True),
        "loss_scale": choice("linear", ("linear", "log")),
    },
    "plots.confusion_matrix": {"y_true": CLASS_LABELS, "y_pred": CLASS_LABELS},
    "plots.predicted_against_true": {
        "y_true": array(X[:, 0], width=False),
        "y_pred": array(X[:, 1], width=False),
        "name": text("target"),
        "unit": text("mm"),
    },
    "plots.sample_images": {
        "x": array(IMAGES, width=False, any_shape=True),
        "y": labels(LABELS, None, none=True),
        "predictions": labels(LABELS, None, none=True),
        "*": {"y": LABELS},
    },
    "plots.weights_as_images": {
        "kernel": array(X[:4], any_shape=True),
        "image_shape": optional(shape((2, 2))),
        "units": Argument([0, 1], (3, "text", [4], [-1], [0.5], ["0"], [], [None], True, math.nan)),
    },
    "plots.Chart": {
        "panels": Argument(Made(lambda: picture()[0].panels), (None, 3, "text", [], ["panel"], {}, True)),
        "summary": text("A line.", empty=False),
        "width": rate(300.0),
        "height": rate(300.0),
        "columns": count(optional=True),
        "shares": Argument((1.0,), (3, "text", [0], [-1.0], ["a"], [math.nan], [1.0, 1.0], True)),
    },
    "plots.Panel": {
        "marks": Argument((), (None, 3, "text", ["line"], [3], True)),
        **{name: text("word") for name in ("x_label", "y_label")},
        **{f"{axis}_range": Argument((0.0, 1.0), RANGES) for axis in "xy"},
        **{f"{axis}_scale": choice("linear", ("linear", "log")) for axis in "xy"},
        **{f"{axis}_ticks": Argument(((0.0, "0"),), (3, "text", [3], [("a", 0)], True)) for axis in "xy"},
        **{name: truth(True) for name in ("axes", "equal", "legend")},
    },
    "Quiz": {
        "choices": Argument(QUIZ[1], TEXTS),
        "explanations": Argument(QUIZ[3], (None, 3, "text", [], ["only one"], [1, 2], {}, True)),
        "answer": Argument(1, (-1, 2, 1.5, "5", "qqq", True, [], math.nan, object())),
    },
    "Quiz.choose": {"choice": Argument(1, (-1, 2, 1.5, "5", "qqq", "C", True, [], math.nan, None, {}))},
    "Quiz.predict": {"choices": Argument(QUIZ[1], TEXTS)},
    "labs.TrainingLab": {"goal": Argument({"at_least": 0.9}, (3, "text", [], True, {1: 2}, {"at_least": 2}, {"metric": "acuracy"}, {"at_lest": 0.5},
        {"within_epochs": 0}, {"changing_only": 3}), (None,), names=("goal", "at_least", "metric", "within_epochs", "changing_only"))},
    "labs.TrainingLab.step": {"batches": count(1)},
    "labs.ConvolutionLab.draw_pixel": {
        **{name: number(3, minimum=0, maximum=7, whole=True) for name in ("row", "column")},
        "value": number(0.5, minimum=0, maximum=1),
    },
    "exercises.check": {"answer": Argument(...)},
    "exercises.quiz": {"id": Argument("00.a", (None, 3, 0.1, "", "99.9", [], {}, True), misspelt=(("00a", "00.a"),))},
    "DLTrainer.build_cnn_model": {"input_shape": shape((4, 4, 1))},
    "DLTrainer.build_rnn_model": {"input_shape": shape((3, 2))},
    "DLTrainer.train_dl_model": _PARTS,
    "ensemble": {
        "estimators": Argument(
            Made(lambda: [NeuralNetworkRegressor(), NeuralNetworkRegressor()]),
            (None, 3, "text", [], {}, math.nan, [NeuralNetworkRegressor()], [NeuralNetworkRegressor(), 3]),
        ),
    },
    "prepare_dl_data": {
        name: part if name[0] == "X" else array(LABELS, integers=True, names=part.names)
        for name, part in _PARTS.items()
    },
    "train_dl_model": {
        # one form of each is enough: every good call builds and compiles a Keras model
        **{name: replace(part, odd=()) for name, part in _PARTS.items()},
        "kind": choice("sequential", ("sequential", "cnn", "rnn")),
        "*": {"epochs": 1},
    },
    "render_dl_config": {"kind": choice("cnn", ("sequential", "cnn", "rnn"))},
    "display_dl_training_results": {
        "predictions": Argument(LABELS, (None, "text", 3, [], {}, X * math.nan, LABELS[:3]), (LABELS.tolist(),)),
        "y_test": labels(LABELS, None, names=("y_test", "y_train", "predictions")),
    },
    "keras.builders.build_sequential_model": {**KERAS_SEED, "units": sizes((3, 2)), "activation": choice("relu", ("relu", "leaky_relu", "softplus"))},
    "keras.builders.build_cnn_model": {
        **KERAS_SEED,
        "input_shape": shape((4, 4, 1)), "filters": sizes((2, 2)),
        "activation": choice("relu", ("relu", "leaky_relu", "softplus")),
    },
    "keras.builders.build_famous_model": {
        **KERAS_SEED, "name": choice("lenet5", _FAMOUS), "input_shape": shape((16, 16, 1)),
        "width": number(1 / 16, minimum=0.01, maximum=4),
    },
    "keras.builders.count_famous_parameters": {
        "name": choice("lenet5", _FAMOUS), "input_shape": optional(shape((16, 16, 1))),
        "output_dim": number(3, minimum=1, whole=True, optional=True),
        "width": number(1 / 16, minimum=0.01, maximum=4),
    },
    "keras.builders.build_rnn_model": {"input_shape": shape((3, 2)), "units": sizes((3,)), **KERAS},
    "keras.builders.build_language_model": KERAS_SEED,
    "keras.builders.build_transformer_model": {"input_shape": shape((3, 2)), **KERAS},
    "keras.saving.save_model": {
        "model": thing(Made(keras_model), network()),
        "path": path(Made(lambda: folder() / "m.keras"), "m.h5", "m.pkl", "m", "no/such/folder/m.keras"),
    },
    "keras.saving.load_model": {"path": path(Made(lambda: saved("model")), "m.h5", "m", "no/such/m.keras")},
    "keras.convert.from_keras": {"input_shape": optional(shape((4,))), "model": thing(Made(keras_model), network())},
}  # fmt: skip
