"""A run that was broken off at any step and taken up from a file ends with the very same bits.

Every optimizer, on both engines, with a schedule, clipping, weight decay, dropout and moving
averages; what is kept goes through a file each time, and into objects that are new.
"""

import functools
import io
import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import Data, Network, TrainingConfig, layers, optimizers, schedules
from dlkit.keras.engine import KerasEngine
from dlkit.keras.saving import load_model, save_model
from dlkit.rules import RULES
from dlkit.training.engine import NumpyEngine

STEPS = 12
SCHEDULES = {
    "constant": None,
    "cosine": schedules.CosineAnnealing(0.02, 2 * STEPS),
    "warm-up": schedules.Warmup(0.02, 5, 0.001),
    "one cycle": schedules.OneCycle(0.02, STEPS),
}
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(STEPS * 4, 5)).astype("float32")
Y = np.arange(len(X)) % 3
BATCHES = [(X[i : i + 4], Y[i : i + 4]) for i in range(0, len(X), 4)]
DATA = Data(X, Y, X[:8], Y[:8])


# -- how a state travels -------------------------------------------------------------------------


def through_json(state):
    """Return a dictionary of arrays and numbers as it comes out of a JSON text."""
    plain = {key: np.asarray(value).tolist() for key, value in state.items()}
    return json.loads(json.dumps(plain))


def through_npz(state):
    """Return a dictionary of arrays and numbers as it comes out of an ``.npz`` file."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


THROUGH = {"json": through_json, "npz": through_npz}


# -- NumPy: a loop written by hand -------------------------------------------------------------


def new_network(dtype="float32"):
    stack = [
        layers.Dense(6, "tanh", kernel_regularizer="l2"),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        layers.Dense(3, "softmax"),
    ]
    return Network(stack, (5,), seed=2, dtype=dtype)


def new_optimizer(name, schedule, **more):
    rate = SCHEDULES[schedule] or 0.01
    return optimizers.get(name, learning_rate=rate, weight_decay=0.01, **more)


def train(network, optimizer, batches):
    for x, y in batches:
        network.loss_and_gradients(x, y)
        optimizer.apply(network.gradients, network.parameters)
    return network


def everything(network):
    return {**network.get_weights(), "random": json.dumps(network.random_state)}


@functools.cache
def whole_run(name, schedule, dtype):
    network = train(new_network(dtype), new_optimizer(name, schedule, clipnorm=1.0), BATCHES)
    return everything(network)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=settings.default.max_examples // 10)
@given(
    k=st.integers(0, STEPS),
    schedule=st.sampled_from(list(SCHEDULES)),
    dtype=st.sampled_from(["float32", "float64"]),
    way=st.sampled_from(list(THROUGH)),
)
def test_numpy_resumes_to_the_bit_at_any_step(name, k, schedule, dtype, way):
    optimizer = new_optimizer(name, schedule, clipnorm=1.0)
    network = train(new_network(dtype), optimizer, BATCHES[:k])
    state = THROUGH[way](optimizer.state)
    weights = through_npz({key.replace("/", "|"): a for key, a in network.get_weights().items()})
    random_state = json.loads(json.dumps(network.random_state))

    again, resumed = new_network(dtype), new_optimizer(name, schedule, clipnorm=1.0)
    again.initialize(seed=9)
    again.set_weights({key.replace("|", "/"): array for key, array in weights.items()})
    again.random_state = random_state
    resumed.load_state(state)
    assert resumed.iterations == k
    train(again, resumed, BATCHES[k:])
    same(everything(again), whole_run(name, schedule, dtype))


def same(found, expected):
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, strict=isinstance(value, np.ndarray))


def test_a_state_out_of_json_must_still_fit():
    """Lists carry no dtype, and take that of the parameters; their length must be right."""
    optimizer, x = optimizers.Adam(), np.ones(3, "float32")
    optimizer.apply(np.ones(3, "float32"), x)
    again = optimizers.Adam()
    again.load_state(through_json(optimizer.state))
    with pytest.raises(ValueError, match="remembers 3 parameters"):
        again.apply(np.ones(4, "float32"), np.ones(4, "float32"))
    assert again.iterations == 1
    again.apply(np.ones(3, "float32"), x.copy())
    assert again.state["first_moment"].dtype == "float32"
    strict = optimizers.Adam()
    strict.load_state(optimizer.state)
    with pytest.raises(ValueError, match="dtype float32, but got 3 of dtype float64"):
        strict.apply(np.ones(3), np.ones(3))


# -- both engines: snapshot and restore -----------------------------------------------------------


def keep(value):
    """Return a snapshot as plain data and named arrays, as a checkpoint would keep it."""
    arrays = {}

    def plain(thing):
        if isinstance(thing, np.ndarray):
            arrays[f"a{len(arrays)}"] = thing
            return {"array": f"a{len(arrays) - 1}"}
        if isinstance(thing, dict):
            return {"dict": [[key, plain(each)] for key, each in thing.items()]}
        if isinstance(thing, list | tuple):
            return {type(thing).__name__: [plain(each) for each in thing]}
        return {"value": thing.item() if isinstance(thing, np.generic) else thing}

    text = json.dumps(plain(value))
    stored = through_npz(arrays)

    def back(thing):
        ((kind, each),) = thing.items()
        if kind == "array":
            return stored[each]
        if kind == "dict":
            return {key: back(inner) for key, inner in each}
        if kind in ("list", "tuple"):
            return {"list": list, "tuple": tuple}[kind](back(inner) for inner in each)
        return each

    return back(json.loads(text))


def config_for(name, schedule):
    rate = {"learning_rate": 0.01, "learning_rate_schedule": SCHEDULES[schedule]}
    return TrainingConfig(optimizer=name, batch_size=4, seed=3, weight_decay=0.01, **rate)


def new_numpy_engine(config):
    return NumpyEngine(new_network(), DATA, config)


def noisy_model():
    keras.utils.set_random_seed(1)
    stack = [
        keras.layers.Dense(6, "tanh", kernel_regularizer="l2"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3, seed=4),
        keras.layers.Dense(3, "softmax"),
    ]
    return keras.Sequential([keras.Input((5,)), *stack])


@functools.cache
def keras_engines():
    """Return two engines, each with a model of its own: one breaks off, the other takes up."""
    return [KerasEngine(noisy_model(), DATA, config_for("sgd", "constant")) for _ in range(2)]


def new_keras_engine(config, which=1):
    engine = keras_engines()[which]
    engine.reconfigure(config)
    return engine


ENGINES = {"numpy": new_numpy_engine, "keras": new_keras_engine}
# The Keras engine compiles each optimizer, which takes seconds: in the fast tier the one with both
# slots and a carried scalar.
FULL = pytest.mark.full
ON_ENGINES = [("numpy", name) for name in RULES] + [
    ("keras", name) if name == "nadam" else pytest.param("keras", name, marks=FULL)
    for name in RULES
]


@functools.cache
def whole_epoch(kind, name, schedule):
    engine = ENGINES[kind](config_for(name, schedule))
    engine.begin_epoch(1)
    losses = engine.run(0, STEPS)
    return losses, plainly(engine.weights())


def plainly(weights):
    return list(weights.values()) if isinstance(weights, dict) else weights


@pytest.mark.parametrize(("kind", "name"), ON_ENGINES)
@settings(max_examples=settings.default.max_examples // 25)
@given(k=st.integers(0, STEPS), schedule=st.sampled_from(list(SCHEDULES)))
def test_an_engine_resumes_to_the_bit_at_any_batch(kind, name, k, schedule):
    losses, weights = whole_epoch(kind, name, schedule)
    config = config_for(name, schedule)
    engine = new_keras_engine(config, 0) if kind == "keras" else new_numpy_engine(config)
    engine.begin_epoch(1)
    first = engine.run(0, k) if k else []
    kept = keep(engine.snapshot())

    again = ENGINES[kind](config)
    again.begin_epoch(1)
    again.restore(kept)
    rest = again.run(k, STEPS - k) if k < STEPS else []
    np.testing.assert_array_equal([*first, *rest], losses)
    for found, expected in zip(plainly(again.weights()), weights, strict=True):
        np.testing.assert_array_equal(found, expected, strict=True)


# -- Keras alone: a .keras file --------------------------------------------------------------------


def compiled(name, schedule):
    model = noisy_model()
    optimizer = new_optimizer(name, schedule, global_clipnorm=1.0)
    # Without compiling: each model would take seconds, and its few steps milliseconds.
    model.compile(optimizer.to_keras(), "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def fed(model, batches):
    for x, y in batches:
        model.train_on_batch(x, y)
    return model


@functools.cache
def fed_whole(name, schedule):
    return fed(compiled(name, schedule), BATCHES).get_weights()


# In the fast tier again the one with both slots and a carried scalar.
IN_FILES = [name if name == "nadam" else pytest.param(name, marks=FULL) for name in RULES]


@pytest.mark.parametrize("name", IN_FILES)
@settings(max_examples=max(1, settings.default.max_examples // 100))
@given(k=st.integers(1, STEPS - 1), schedule=st.sampled_from(list(SCHEDULES)))
def test_a_keras_file_resumes_to_the_bit_at_any_step(name, tmp_path_factory, k, schedule):
    """The slots and the random numbers of dropout are in the file too."""
    path = tmp_path_factory.mktemp("resumed") / "model.keras"
    save_model(fed(compiled(name, schedule), BATCHES[:k]), path)
    keras.utils.set_random_seed(99)
    again = load_model(path)
    assert int(again.optimizer.iterations) == k
    fed(again, BATCHES[k:])
    for found, expected in zip(again.get_weights(), fed_whole(name, schedule), strict=True):
        np.testing.assert_array_equal(found, expected)
