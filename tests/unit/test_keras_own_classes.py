"""Keras models that are classes of a learner's own: they train as the same layers in a row do."""

import keras
import numpy as np
import pytest

from dlkit import Data, TrainingConfig, TrainingJob, export_script
from dlkit.keras.convert import from_keras
from dlkit.keras.copies import copy_with_weights
from dlkit.training import find_learning_rate

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(70, 6)).astype("float32")
LABELS = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 0)
DATA = Data(X[:50], LABELS[:50], X[50:], LABELS[50:])
CONFIG = TrainingConfig(epochs=3, batch_size=8, early_stopping=False, seed=5)


def parts(output="softmax"):
    starts = [keras.initializers.HeUniform(seed) for seed in (0, 1)]
    return [
        keras.layers.Dense(8, "relu", kernel_initializer=starts[0]),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(3, output, kernel_initializer=starts[1]),
    ]


class Mine(keras.Model):
    """Drops units while it trains only, by a branch of its own."""

    def __init__(self, output="softmax"):
        super().__init__()
        self.first, self.norm, self.dropout, self.last = parts(output)

    def call(self, x, training=False):
        x = self.norm(self.first(x), training=training)
        if training:
            x = self.dropout(x, training=True)
        return self.last(x)


class Plain(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3)

    def call(self, x):
        return self.dense(x)


def run(job):
    job.resume()
    job.wait()
    return job.history.batch_losses


@pytest.mark.parametrize("output", ["softmax", None])
def test_it_trains_as_the_same_layers_in_a_row(output):
    config = CONFIG.replace(record_layers=True)
    row = TrainingJob(keras.Sequential([keras.Input((6,)), *parts(output)]), DATA, config)
    mine = TrainingJob(Mine(output), DATA, config)
    np.testing.assert_allclose(run(mine), run(row), rtol=1e-6)
    assert mine.history.history["val_accuracy"] == row.history.history["val_accuracy"]
    assert mine.report.text()
    ours, theirs = (list(job.history.layers.values()) for job in (mine, row))
    assert len(ours) == len(theirs) == 3 and ours[0][-1]["dead_share"] is not None
    for here, there in zip(ours, theirs, strict=True):
        pairs = (np.array(list(rows[-1].values()), "float64") for rows in (here, there))
        np.testing.assert_allclose(*pairs, rtol=1e-4)


def test_one_at_the_end_of_another_model_is_looked_into():
    row = TrainingJob(keras.Sequential([keras.Input((6,)), *parts()]), DATA, CONFIG)
    nested = TrainingJob(keras.Sequential([keras.Input((6,)), Mine()]), DATA, CONFIG)
    np.testing.assert_allclose(run(nested), run(row), rtol=1e-6)


def test_it_rewinds_rests_and_comes_back_from_a_checkpoint(tmp_path):
    job = TrainingJob(Plain(), DATA, CONFIG, tmp_path / "run")
    start = job.engine.weights()
    whole = run(job).copy()
    assert whole[-7:].mean() < whole[:7].mean()
    job.rewind()
    job.step(9)
    again = Plain()
    again(X[:1])
    again.set_weights(start)
    other = TrainingJob.from_checkpoint(tmp_path / "run", again, DATA)
    np.testing.assert_array_equal(run(other), whole)
    find_learning_rate(job.model, DATA, CONFIG, steps=10)
    np.testing.assert_array_equal(run(job), whole)


def test_a_compiled_one_is_left_compiled_and_can_be_saved(tmp_path):
    model = Mine()
    model.compile("adam", "sparse_categorical_crossentropy")
    optimizer = model.optimizer
    run(TrainingJob(model, DATA, CONFIG.replace(epochs=1)))
    assert model.optimizer is optimizer
    model.save_weights(tmp_path / "mine.weights.h5")
    twin = Mine()
    twin(X[:1])
    twin.load_weights(tmp_path / "mine.weights.h5")
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))


class Two(keras.Model):
    def call(self, a, b):
        return a + b


class Pair(keras.Model):
    def call(self, x):
        return x, x


@pytest.mark.parametrize("kind", [Two, Pair])
def test_what_cannot_be_trained_is_told_the_way_out(kind):
    with pytest.raises(ValueError, match=r"keras.Model\(inputs, outputs\)"):
        TrainingJob(kind(), DATA, CONFIG)


def test_it_is_neither_turned_into_a_network_nor_copied():
    model = Plain()
    model(X[:1])
    with pytest.raises(ValueError, match="Sequential or functional, but its class is Plain"):
        from_keras(model)
    with pytest.raises(ValueError, match="model must be built"):
        from_keras(keras.Sequential([keras.layers.Dense(3)]))
    with pytest.raises(ValueError, match=r"keras.Model\(inputs, outputs\)"):
        copy_with_weights(model, model.get_weights())


@pytest.mark.parametrize("framework", ["dlkit", "keras"])
@pytest.mark.parametrize(("nested", "word"), [(False, "is"), (True, "holds")])
def test_no_script_is_written_of_it_and_the_words_say_what_to_do(tmp_path, nested, word, framework):
    job = TrainingJob(
        keras.Sequential([keras.Input((6,)), Mine()]) if nested else Mine(), DATA, CONFIG
    )
    job.step(epochs=1)
    said = rf"it {word} a class of your own, Mine.*Before you train.*keras.Model\(inputs, outputs\)"
    with pytest.raises(ValueError, match=said):
        export_script(job, tmp_path / "my_run.py", framework)
    assert not list(tmp_path.iterdir())


def test_what_the_words_advise_gives_a_script(tmp_path):
    inputs = outputs = keras.Input((6,))
    for layer in parts():
        outputs = layer(outputs)
    job = TrainingJob(keras.Model(inputs, outputs), DATA, CONFIG)
    job.step(epochs=1)
    assert (tmp_path / "my_run.py") in export_script(job, tmp_path / "my_run.py")
