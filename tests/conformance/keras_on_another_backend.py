"""Keras on another backend, in a process of its own: the rules in ``fit``, builders, conversion.

Run by ``test_other_backends.py`` with ``KERAS_BACKEND`` set; prints one line of JSON.
"""

import json
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

from dlkit import Network, layers, models, optimizers, schedules
from dlkit.keras.saving import load_model, save_model

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(96, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int64")


def small_network():
    stack = [layers.Dense(8, "tanh"), layers.LayerNormalization(), layers.Dense(2, "softmax")]
    return Network(stack, (4,), seed=1)


def after_fit(name):
    """Return by how much the weights after ``fit`` differ from the same steps on NumPy."""
    rate = schedules.Warmup(schedules.CosineAnnealing(0.01, 40), 4, 0.001)
    settings = {"learning_rate": rate, "clipnorm": 1.0, "weight_decay": 0.01}
    network, optimizer = small_network(), optimizers.get(name, **settings)
    model = network.to_keras()
    model.compile(optimizers.get(name, **settings).to_keras(), "sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        for first in range(0, len(X), 32):
            part = slice(first, first + 32)
            network.loss_and_gradients(X[part], Y[part])
            optimizer.apply(network.gradients, network.parameters)
    back = Network.from_keras(model)
    return float(np.abs(back.flat_parameters - network.flat_parameters).max())


def resumes(name):
    """Return whether a model that went through a file goes on with the same bits."""
    stack = [layers.Dense(8, "tanh"), layers.Dropout(0.5), layers.Dense(2, "softmax")]
    model = Network(stack, (4,), seed=1).to_keras()
    optimizer = optimizers.get(name, clipvalue=0.5).to_keras()
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        again = load_model(save_model(model, Path(folder, "model.keras")))
    for each in (model, again):
        each.fit(X, Y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    pairs = zip(model.get_weights(), again.get_weights(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def accumulates():
    """Return whether two half batches, accumulated, take one step."""
    model = small_network().to_keras()
    optimizer = optimizers.Adam().to_keras(gradient_accumulation_steps=2)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.train_on_batch(X[:16], Y[:16])
    kept = all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.train_on_batch(X[16:32], Y[16:32])
    return kept and not np.array_equal(before[0], model.get_weights()[0])


BUILDERS = {
    "sequential": lambda output, task: models.build_sequential_model(4, output, task, units=(4,)),
    "cnn": lambda output, task: models.build_cnn_model((4, 4, 1), output, task, filters=(2, 2)),
    "rnn": lambda output, task: models.build_rnn_model((3, 2), output, task, units=(3,)),
    "transformer": lambda output, task: models.build_transformer_model(
        (3, 2), output, task, num_layers=1, num_heads=1, embedding_dim=4
    ),
}
TASKS = {
    "classes": ("classification", 3),
    "two": ("classification", 1),
    "numbers": ("regression", 2),
}


def trains(build, task):
    """Return whether a builder's model trains to a finite loss."""
    task_type, outputs = TASKS[task]
    model = BUILDERS[build](outputs, task_type)
    x = GENERATOR.normal(size=(12, *model.input_shape[1:])).astype("float32")
    y = GENERATOR.integers(0, max(outputs, 2), size=12)
    y = GENERATOR.normal(size=(12, outputs)) if task == "numbers" else y
    return bool(np.isfinite(model.fit(x, y, verbose=0).history["loss"][0]))


def writes_on():
    """Return whether the causal language model trains."""
    model = models.build_language_model(5, 4, num_layers=1, num_heads=1, embedding_dim=4)
    tokens = GENERATOR.integers(0, 5, size=(6, 5))
    history = model.fit(tokens[:, :-1], tokens[:, 1:], verbose=0).history
    return bool(np.isfinite(history["loss"][0]))


if __name__ == "__main__":
    names, builders = sys.argv[1].split(","), [each for each in sys.argv[2].split(",") if each]
    print(
        json.dumps(
            {
                "backend": keras.backend.backend(),
                "fit": {name: after_fit(name) for name in names},
                "resumes": {name: resumes(name) for name in names[:1]},
                "accumulates": accumulates(),
                "builders": {
                    f"{build}, {task}": trains(build, task) for build in builders for task in TASKS
                },
                "language model": writes_on() if builders else None,
            }
        )
    )
