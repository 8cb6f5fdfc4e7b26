"""What the learning-rate lab says in words and as programs."""

import inspect
import json
import math

import numpy as np

from dlkit import datasets, schedules
from dlkit.display.numbers import percent
from dlkit.labs.learning_rate_model import SEEDS, WIDTH
from dlkit.labs.learning_rate_picture import compared_name
from dlkit.labs.sweep_words import KERAS_OPTIMIZERS


def titles(settings, tested, runs):
    """Return the titles of the four panels: what each of them finds."""
    if tested is None:
        first = "Range test: press the button"
    elif tested.suggestion is None:
        first = "Range test: the loss never fell"
    else:
        first = f"Range test suggests {tested.suggestion:.2g}"
    ends = settings.made(settings.steps - 1)
    second = f"{settings.schedule}: top {settings.learning_rate:.4g}, end {ends:.2g}"
    if runs is None:
        return first, second, "No runs yet: press Start", "No runs yet"
    scheduled, compared = (_score(ends, runs.measure) for ends in runs.ends(runs.measure))
    other = compared_name(runs.settings).removesuffix(" rate")
    third = f"Schedule {scheduled}, {other} {compared}"
    return first, second, third, _finding(runs)


def sentence(settings, tested, runs):
    """Return what the lab shows now, in words."""
    rises = f"after {percent(settings.warm_up)} of warm-up"
    words = (
        f"{settings.schedule} with highest rate {settings.learning_rate:.4g}"
        f"{', ' + rises if settings.warm_up else ''}, {settings.steps} steps. "
    )
    if tested is not None and tested.suggestion is not None:
        words = f"The range test suggests {tested.suggestion:.2g}. " + words
    if runs is None:
        return words + "No runs yet: press Start."
    scheduled, compared = runs.ends(runs.measure)
    name, made = compared_name(runs.settings), runs.settings
    what = "accuracy" if runs.measure == "val_accuracy" else "mean error"
    words += (
        f"Runs with {made.schedule} at {made.learning_rate:.4g}, {runs.epochs} of {made.epochs} "
        f"epochs, five seeds: validation {what} {_score(scheduled, runs.measure)}; with "
        f"{name} {_score(compared, runs.measure)}. "
    )
    ratio, clear = runs.ratio()
    if runs.alike or not math.isfinite(ratio):
        return words + f"{_finding(runs)}."
    lower = int((np.subtract(*runs.ends("val_loss")) < 0).sum())
    verdict = "more than chance" if clear else "which may be chance"
    return words + (
        f"The schedule's validation loss is {ratio:.2f} times the other's, lower with {lower} of "
        f"5 seeds, {verdict} (Student's t, 95 %)."
    )


def _finding(runs):
    if runs.alike:
        return "Both are the same runs"
    ratio, clear = runs.ratio()
    if not math.isfinite(ratio):
        lost = [int(np.isnan(ends).sum()) for ends in runs.ends("val_loss")]
        return f"Diverged: {lost[0]} with schedule, {lost[1]} with {compared_name(runs.settings)}"
    return f"Loss ×{ratio:.2f} with schedule: {'more than' if clear else 'may be'} chance"


def _score(values, measure):
    if np.isnan(values).any():
        return "diverged"
    if measure == "val_accuracy":
        return f"{100 * values.mean():.1f} ± {100 * values.std(ddof=1):.1f} %"
    return f"{values.mean():.3g} ± {values.std(ddof=1):.2g}"


_DLKIT = '''"""A learning-rate range test, and {seeds} runs each with a schedule and without."""

import numpy as np
from dlkit import TrainingConfig, datasets, find_learning_rate, schedules
from dlkit.training import train_together
from dlkit.training.trials import build_mlp

data = datasets.get("{dataset}")
common = {{"optimizer": "{optimizer}", "batch_size": {batch_size}, "epochs": {epochs}}}


def network(seed):
    return build_mlp(data, seed, hidden_layers={hidden}, dtype="float64")


found = find_learning_rate(network(0), data, TrainingConfig(**common), maximum=10.0, steps=150)
print("suggested:", found.suggestion)
ways = {{
    "schedule": {made},
    "{name}": {compared},
}}
for name, schedule in ways.items():
    configs = [
        TrainingConfig(
            **common, learning_rate_schedule=schedule, early_stopping=False, seed=seed
        )
        for seed in range({seeds})
    ]
    networks = [network(seed) for seed in range({seeds})]
    histories = train_together(networks, data, configs)
    ends = [h.history["val_loss"][-1] if len(h) == {epochs} else np.nan for h in histories]
    print(f"{{name}}: validation loss {{np.mean(ends):.6g}} ± {{np.std(ends, ddof=1):.6g}}")
'''

_KERAS = '''"""One run with the schedule: its learning rates, one a step, and how it ends.

The range test, the other seeds and the runs to compare with are left out; Keras draws its own
initial weights and batches, so the end is like one of the lab's, not the same.
"""

import keras
from dlkit import datasets, schedules

data = datasets.get("{dataset}")
schedule = {made}
rates = []  # what the optimizer really uses


class Follow(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        rates.append(schedule(len(rates)))
        self.model.optimizer.learning_rate = rates[-1]


keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input(data.input_shape), keras.layers.Flatten()])
for units in {hidden}:
    model.add(keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal"))
model.add(keras.layers.Dense({outputs}, activation="{last}"))
settings = {arguments}
optimizer = keras.optimizers.get({{"class_name": "{class_name}", "config": settings}})
model.compile(optimizer, loss="{loss}", metrics=["{measure}"])
history = model.fit(
    data.x_train, data.y_train, validation_data=(data.x_validation, data.y_validation),
    epochs={epochs}, batch_size={batch_size}, callbacks=[Follow()], verbose=0,
).history
print(f"{{len(rates)}} steps, highest rate {{max(rates):.6g}}, last rate {{rates[-1]:.6g}}")
print(f"validation loss {{history['val_loss'][-1]:.4g}}")
print(f"validation {measure} {{history['val_{measure}'][-1]:.4g}}")
'''


def dlkit_program(settings):
    """Return the program in dlkit that does the range test and all runs."""
    return _DLKIT.format(
        **_common(settings),
        seeds=len(SEEDS),
        optimizer=settings.optimizer,
        made=_source(settings.made, 4),
        compared=_source(settings.compared, 4),
        name=compared_name(settings),
    )


def keras_program(settings):
    """Return the program in Keras that trains one network with the schedule."""
    data = datasets.get(settings.dataset)
    classes = data.task_type == "classification"
    name, extra = KERAS_OPTIMIZERS[settings.optimizer]
    arguments = json.dumps({"learning_rate": settings.learning_rate, **extra})
    return _KERAS.format(
        **_common(settings),
        made=_source(settings.made, 0),
        outputs=data.output_dim,
        last="softmax" if classes else "linear",
        loss="sparse_categorical_crossentropy" if classes else "mean_squared_error",
        measure="accuracy" if classes else "mae",
        class_name=name,
        arguments=arguments.replace("true", "True"),
    )


def _common(settings):
    return {
        "dataset": settings.dataset,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "hidden": (WIDTH,) * settings.depth,
    }


def _source(schedule, indent):
    """Return how to write a schedule, over several lines where one would be too long."""
    defaults = inspect.signature(type(schedule)).parameters
    parts = []
    for name, value in vars(schedule).items():
        nested = isinstance(value, schedules.Schedule)
        if nested or value != defaults[name].default:
            parts.append(f"{name}={_source(value, indent + 4) if nested else repr(value)}")
    name = f"schedules.{type(schedule).__name__}"
    if sum(map(len, parts)) < 45:
        return f"{name}({', '.join(parts)})"
    space = " " * (indent + 4)
    return f"{name}(\n{space}" + f",\n{space}".join(parts) + f",\n{' ' * indent})"
