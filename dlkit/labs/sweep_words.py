"""What the sweep lab says in words and as programs."""

import json
import math
from html import escape

from dlkit import datasets
from dlkit.display.numbers import counted
from dlkit.labs.sweep_model import BATCH_SIZES, RATES, training_samples
from dlkit.labs.sweep_picture import NAMES, result, written


def map_sentence(found, metric, cell):
    """Return what the map shows now, in two or three sentences.

    Parameters
    ----------
    found : SweepMap or None
    metric : str
    cell : tuple of int
        Row and column of the chosen cell.

    Returns
    -------
    str
    """
    if found is None:
        return "The map is empty. Press Start to train a network for every cell and seed."
    settings, name = found.settings, found.measure(metric)[0]
    best, near = found.best(metric), int(found.as_good(metric).sum()) - 1
    what = f"best {'mean ' if settings.seeds > 1 else ''}{NAMES[name]}"
    words = (
        f"{settings.networks} networks on {settings.dataset.replace('_', ' ')}, "
        f"{found.epochs} of {counted(settings.epochs, 'epoch')}, {settings.optimizer}: {what} "
        f"{result(found, metric, best)} at {place(best)}; {_others(near, settings.seeds)}."
    )
    name = found.measure("accuracy")[0]
    unit = " %" if name == "val_accuracy" else ""
    scores = found.scores(name)[cell]
    listing = ", ".join(written(score, name) for score in scores)
    words += f" Chosen cell, {place(cell)}, {counted(steps(settings, cell), 'step')} an epoch: "
    if found.diverged[cell]:
        return words + f"{found.diverged[cell]} of {settings.seeds} runs diverged to NaN."
    return words + f"{NAMES[name]} {listing}{unit} with the {counted(settings.seeds, 'seed')}."


def _others(near, seeds):
    if seeds == 1:
        return "one seed has no spread, so any difference may be chance"
    if not near:
        return "no other cell is within the spread of its seeds"
    return f"{near} other cell{'s lie' if near > 1 else ' lies'} within the spread of the seeds"


def place(cell):
    """Return a cell in words."""
    return f"learning rate {RATES[cell[1]]:g} and batch size {BATCH_SIZES[cell[0]]}"


def steps(settings, cell):
    """Return how many steps an epoch of a cell has."""
    return math.ceil(training_samples(settings.dataset) / BATCH_SIZES[cell[0]])


def cell_table(found, cell):
    """Return a table of the chosen cell's runs as HTML, "" before there are any."""
    if found is None:
        return ""
    name = found.measure("accuracy")[0]
    head = ("seed", "best epoch", NAMES[name], "validation loss", "training loss", "how it ended")
    rows = []
    for seed, run in enumerate(found.histories[cell[0]][cell[1]]):
        scores = (
            f"{written(found.scores(key)[cell][seed], key)}{' %' if key == 'val_accuracy' else ''}"
            for key in (name, "val_loss", "loss")
        )
        ended = run.stop_reason.split(":")[0] or "not yet"
        cells = (run.best_epoch or "–", *scores, ended)
        body = "".join(f"<td>{escape(str(each))}</td>" for each in cells)
        rows.append(f'<tr><th scope="row">{seed}</th>{body}</tr>')
    heads = "".join(f'<th scope="col">{word}</th>' for word in head)
    return (
        f"<details><summary>The runs of the chosen cell, one by one</summary><table><thead><tr>"
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></details>"
    )


_DLKIT = '''"""A map of learning rates and batch sizes, {networks} networks, and one cell of it."""

import dlkit

data = dlkit.datasets.get("{dataset}")
config = dlkit.TrainingConfig(epochs={epochs}, optimizer="{optimizer}", early_stopping=False)
found = dlkit.sweep(
    data,
    {{
        "learning_rate": {rates},
        "batch_size": {sizes},
        "width": [{width}],  # units in the hidden layer
        "dtype": ["float64"],
    }},
    config,
    seeds={seeds},
)
runs = found.table  # one row a run, at its best epoch; one that diverged counts as the worst
runs["score"] = runs["val_{measure}"].mask(runs["diverged"], {worst})
cells = runs.groupby(["batch_size", "learning_rate"])[["score", "diverged"]]
size, rate = cells.mean()["score"].idx{best}()
print(f"best: learning rate {{rate}}, batch size {{size}}")
chosen = cells.get_group(({size}, {rate!r}))
print(f"chosen cell, mean val_{measure}: {{chosen['score'].mean():.6g}}")
print(f"diverged: {{chosen['diverged'].sum()}} of {seeds}")
{spread}'''

_KERAS = '''"""One cell of the map; two loops around it, and a minute of patience, give the whole."""

import keras
import numpy as np
from dlkit import datasets

data = datasets.get("{dataset}")
exam = (data.x_validation, data.y_validation)
scores, diverged = [], 0
for seed in range({seeds}):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(data.input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense({width}, activation="relu", kernel_initializer="he_normal"),
            keras.layers.Dense({outputs}, activation="{last}"),
        ]
    )
    settings = {arguments}
    optimizer = keras.optimizers.get({{"class_name": "{class_name}", "config": settings}})
    model.compile(optimizer, loss="{loss}", metrics=["{measure}"])
    history = model.fit(
        data.x_train, data.y_train, validation_data=exam,
        epochs={epochs}, batch_size={size}, verbose=0,
    ).history
    if np.isfinite(history["loss"] + history["val_loss"]).all():
        scores.append(history["val_{measure}"][int(np.argmin(history["val_loss"]))])
    else:
        scores.append({worst})  # it diverged: the worst there is
        diverged += 1
print(f"mean val_{measure}: {{np.mean(scores):.4g}}")
print(f"diverged: {{diverged}} of {seeds}")
{spread}'''


def dlkit_program(settings, cell):
    """Return the program in dlkit that makes the map and prints the chosen cell's numbers."""
    common = _common(settings, cell)
    return _DLKIT.format(
        **common,
        networks=settings.networks,
        rates=list(RATES),
        sizes=list(BATCH_SIZES),
        best="max" if common["measure"] == "accuracy" else "min",
        spread=_spread_line(settings, "chosen['score'].std()"),  # of a sample, as the lab's
    )


def keras_program(settings, cell):
    """Return the program in Keras that trains the chosen cell's networks."""
    data = datasets.get(settings.dataset)
    classes = data.task_type == "classification"
    name, extra = KERAS_OPTIMIZERS[settings.optimizer]
    return _KERAS.format(
        **_common(settings, cell),
        outputs=data.output_dim,
        last="softmax" if classes else "linear",
        loss="sparse_categorical_crossentropy" if classes else "mean_squared_error",
        class_name=name,
        arguments=json.dumps({"learning_rate": RATES[cell[1]], **extra}).replace("true", "True"),
        spread=_spread_line(settings, "np.std(scores, ddof=1)"),
    )


def _spread_line(settings, how):
    """Return the line that prints the spread; "" for one seed, which has none."""
    if settings.seeds == 1:
        return ""
    return f'print(f"spread over {settings.seeds} seeds: {{{how}:.4g}}")\n'


KERAS_OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "nadam": ("Nadam", {}),
}
"""Name in dlkit -> class in Keras, and the arguments that make it the same."""

OPTIMIZERS = tuple(KERAS_OPTIMIZERS)
"""The optimizers of the menu: the seven of lesson 04."""


def _common(settings, cell):
    classes = datasets.get(settings.dataset).task_type == "classification"
    return {
        "measure": "accuracy" if classes else "mae",
        "worst": "0.0" if classes else 'float("inf")',
        "dataset": settings.dataset,
        "epochs": settings.epochs,
        "optimizer": settings.optimizer,
        "width": settings.width,
        "seeds": settings.seeds,
        "rate": RATES[cell[1]],
        "size": BATCH_SIZES[cell[0]],
    }
