"""Network: views, seeds, the fused loss, copies, files that are damaged, bad arguments."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from dlkit import Network, files, losses, randomness
from dlkit.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
)
from dlkit.regularizers import L2

GENERATOR = np.random.default_rng(6)
X = GENERATOR.normal(size=(10, 2, 3))
Y = GENERATOR.integers(0, 4, 10)


def make(last="softmax", seed=0, dtype="float64", rate=0.25):
    return Network(
        [
            Flatten(),
            Dense(8, "relu", kernel_regularizer=L2(0.01)),
            BatchNormalization(),
            Dropout(rate),
            Dense(4, last),
        ],
        (2, 3),
        seed,
        dtype,
    )


def test_names_and_segments_cover_the_buffers():
    network = make()
    assert list(network.parameters) == [
        "dense/kernel",
        "dense/bias",
        "batch_normalization/gamma",
        "batch_normalization/beta",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    assert list(network.state) == [
        "batch_normalization/moving_mean",
        "batch_normalization/moving_variance",
    ]
    position = 0
    for name, start, stop, shape in network.segments:
        assert start == position and stop - start == np.prod(shape)
        assert network.parameters[name].shape == network.gradients[name].shape == shape
        position = stop
    assert position == network.flat_parameters.size == network.flat_gradients.size


def test_parameters_and_gradients_are_views():
    network = make()
    network.loss_and_gradients(X, Y)
    for flat, views in (
        (network.flat_parameters, network.parameters),
        (network.flat_gradients, network.gradients),
    ):
        np.testing.assert_array_equal(np.concatenate([v.ravel() for v in views.values()]), flat)
        flat[...] = np.arange(flat.size)
        np.testing.assert_array_equal(np.concatenate([v.ravel() for v in views.values()]), flat)
    dense = network.layers[1]
    assert dense.parameters["kernel"] is network.parameters["dense/kernel"]
    assert dense.gradients["kernel"] is network.gradients["dense/kernel"]


def test_names_given_and_names_numbered():
    layers = [Dense(2), Dense(2, name="dense_1"), Dense(2), Dense(2, name="head")]
    assert [layer.name for layer in Network(layers, 3).layers] == [
        "dense",
        "dense_1",
        "dense_2",
        "head",
    ]


def test_the_same_seed_gives_the_same_network_in_both_precisions():
    single, double = make(dtype="float32"), make(dtype="float64")
    for name, array in double.get_weights().items():
        np.testing.assert_array_equal(single.get_weights()[name], array.astype("float32"))
    assert (make(seed=1).flat_parameters != double.flat_parameters).any()


def test_streams_are_independent():
    seeds = [randomness.stream(5, name).generate_state(4) for name in randomness.STREAMS]
    assert len({tuple(state) for state in seeds}) == len(seeds)
    with pytest.raises(ValueError, match="Did you mean 'dropout'"):
        randomness.stream(5, "dropouts")
    # another dropout layer leaves the weights before it and the others' masks alone
    plain = Network([Dense(8), Dropout(0.5), Dense(4)], 6)
    more = Network([Dense(8), Dropout(0.5), Dense(4), Dropout(0.5)], 6)
    np.testing.assert_array_equal(plain.flat_parameters, more.flat_parameters)
    plain.forward(X.reshape(10, 6), True), more.forward(X.reshape(10, 6), True)
    np.testing.assert_array_equal(plain.layers[1].mask, more.layers[1].mask)


def test_initialize_rewinds_everything_in_place():
    network, fresh = make(), make()
    kernel = network.layers[1].parameters["kernel"]
    first = network.forward(X, training=True)
    for _ in range(3):
        network.loss_and_gradients(X, Y)
        network.flat_parameters -= network.flat_gradients
    network.initialize()
    assert network.layers[1].parameters["kernel"] is kernel
    for name, array in fresh.get_weights().items():
        np.testing.assert_array_equal(network.get_weights()[name], array)
    assert not network.flat_gradients.any()
    np.testing.assert_array_equal(network.forward(X, training=True), first)
    network.initialize(seed=3)
    np.testing.assert_array_equal(network.flat_parameters, make(seed=3).flat_parameters)


def test_random_state_resumes_exactly():
    network = make()
    network.forward(X, training=True)
    state = json.loads(json.dumps(network.random_state))
    following = [network.forward(X, training=True) for _ in range(3)]
    network.random_state = state
    for expected in following:
        np.testing.assert_array_equal(network.forward(X, training=True), expected)
    for bad in ({}, {"dense": state["dropout"]}, {"dropout": {}}, {"dropout": 3}, None, [1]):
        before = network.random_state
        with pytest.raises(ValueError, match="random_state"):
            network.random_state = bad
        assert network.random_state == before


@pytest.mark.parametrize(
    ("last", "loss", "y"),
    [
        ("softmax", "sparse_categorical_crossentropy", Y),
        ("softmax", "categorical_crossentropy", np.eye(4)[Y]),
        ("sigmoid", "binary_crossentropy", np.eye(4)[Y]),
        ("softmax", losses.CategoricalCrossentropy(label_smoothing=0.25), np.eye(4)[Y]),
    ],
)
@pytest.mark.parametrize("own_layer", [False, True])
def test_fused_loss_equals_the_loss_on_the_outputs(last, loss, y, own_layer):
    layers = [Dense(4), Activation(last)] if own_layer else [Dense(4, last)]
    network = Network([Dense(5, "tanh"), *layers], 6, dtype="float64")
    x = X.reshape(10, 6)
    value = network.loss_and_gradients(x, y, loss)
    fused = network.flat_gradients.copy()
    outputs = network.forward(x)
    np.testing.assert_allclose(network.outputs, outputs)
    loss = losses.get(loss)
    assert value == pytest.approx(loss(y, outputs), abs=1e-9)
    network.backward(loss.gradient(y, outputs))
    np.testing.assert_allclose(network.flat_gradients, fused, atol=1e-9)


def test_the_fused_loss_is_exact_where_probabilities_round_to_zero():
    network = Network([Dense(2, "softmax")], 1, dtype="float64")
    network.parameters["dense/kernel"][...] = [[1000.0, -1000.0]]
    assert network.loss_and_gradients([[1.0]], [1]) == 2000.0
    np.testing.assert_array_equal(network.gradients["dense/kernel"], [[1.0, -1.0]])


def test_backward_returns_the_input_gradient():
    network = make(None)
    network.loss_and_gradients(X, X[:, :2, :2].reshape(10, 4), "mse", to_input=True, training=False)
    found = network.input_gradient
    y = network.forward(X)
    upstream = losses.get("mse").gradient(X[:, :2, :2].reshape(10, 4), y)
    np.testing.assert_allclose(network.backward(upstream), found)
    with pytest.raises(RuntimeError, match="forward"):
        make().backward(upstream)
    with pytest.raises(ValueError, match="upstream"):
        network.backward(upstream[:3])


def test_outputs_given_out_are_not_overwritten():
    network = make()
    outputs = network.forward(X), network.predict(X), network.backward(np.ones((10, 4)))
    kept = [array.copy() for array in outputs]
    network.forward(X + 1), network.predict(X + 1), network.backward(2 * np.ones((10, 4)))
    network.loss_and_gradients(X + 1, Y)
    for array, copy in zip(outputs, kept, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_predict_and_evaluate_do_not_depend_on_the_batch_size():
    network = make()
    network.forward(X, training=True)
    expected = network.forward(X)
    loss = losses.get("sparse_categorical_crossentropy")(Y, expected)
    for size in (1, 3, 10, 100):
        np.testing.assert_allclose(network.predict(X, batch_size=size), expected, rtol=1e-12)
        found = network.evaluate(X, Y, batch_size=size)
        assert found["loss"] == pytest.approx(loss + network.regularization_loss())
        assert found["accuracy"] == pytest.approx(np.mean(expected.argmax(1) == Y))
    assert network.regularization_loss() > 0
    regression = Network([Dense(1)], 3, dtype="float64")
    found = regression.evaluate(X[:, 0], X[:, 1, 0])
    error = regression.predict(X[:, 0])[:, 0] - X[:, 1, 0]
    assert found["loss"] == pytest.approx(np.mean(error**2))
    assert found["mae"] == pytest.approx(np.mean(np.abs(error)))


def test_learns_from_read_only_strided_whole_numbers():
    x = np.repeat((X > 0).astype("uint8"), 2, axis=0)[::2]
    y = np.asfortranarray(Y.astype("int8"))
    x.flags.writeable = y.flags.writeable = False
    network = make()
    losses_seen = []
    for _ in range(60):
        losses_seen.append(network.loss_and_gradients(x, y))
        network.flat_parameters -= 0.3 * network.flat_gradients
    assert losses_seen[-1] < 0.5 * losses_seen[0]
    assert network.loss_and_gradients(x[:1], y[:1]) > 0  # a batch of one


def test_fit_lowers_the_loss_and_returns_a_history():
    network = make(dtype="float32", rate=0.0)
    seen = []
    history = network.fit(
        X,
        Y,
        epochs=8,
        batch_size=4,
        learning_rate=0.05,
        validation_data=(X, Y),
        callbacks=[seen.append],
    )
    assert len(history.history["loss"]) == len(history.history["val_accuracy"]) == 8
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert seen
    assert set(network.fit(X, Y, epochs=1).history) == {"loss", "accuracy"}
    for arguments, words in (
        ({"epochs": 0}, "epochs"),
        ({"validation_data": X}, "validation_data"),
        ({"validation_data": (X, Y[:2])}, "validation_data"),
        ({"optimizer": "adamm"}, "adam"),
        ({"patiense": 3}, "patience"),
        ({"callbacks": [3]}, "callbacks"),
    ):
        before = network.flat_parameters.copy()
        with pytest.raises((TypeError, ValueError), match=words):
            network.fit(X, Y, **arguments)
        np.testing.assert_array_equal(network.flat_parameters, before)


def test_callbacks_for_another_fit_are_told_what_to_use_here():
    import keras

    from dlkit import LiveLoss
    from dlkit.training.callbacks import EarlyStopping, ReduceLROnPlateau

    for callback, words in (
        (EarlyStopping(2), "early_stopping=True, patience="),
        (keras.callbacks.EarlyStopping(), "early_stopping=True, patience="),
        (ReduceLROnPlateau(), r"plateau=dlkit\.training\.ReduceLROnPlateau"),
        (keras.callbacks.CSVLogger("x.csv"), r"dlkit\.CSVLog"),
        (LiveLoss(), r"dlkit\.ProgressBar"),
        (keras.callbacks.TerminateOnNaN(), "for the fit of a Keras model"),
    ):
        with pytest.raises(TypeError, match=f"callbacks must be a list of functions.*{words}"):
            make().fit(X, Y, callbacks=[callback])


def test_weights_go_out_and_in_as_copies():
    network, other = make(), make(seed=9)
    weights = network.get_weights()
    other.set_weights(weights)
    np.testing.assert_array_equal(other.predict(X), network.predict(X))
    weights["dense/kernel"][...] = 0
    np.testing.assert_array_equal(other.predict(X), network.predict(X))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda w: w.pop("dense/bias"), ValueError, "lacks dense/bias"),
        (lambda w: w.update({"dense/kernal": 1}), ValueError, "Did you mean 'dense/kernel'"),
        (lambda w: w.update({"dense/bias": np.ones(3)}), ValueError, "dense/bias"),
        (lambda w: w.update({"dense/bias": np.full(8, np.nan)}), ValueError, "dense/bias"),
        (lambda w: w.update({"dense/bias": ["a"] * 8}), TypeError, "dense/bias"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(change, error, words):
    network = make()
    before = network.get_weights()
    weights = {name: array + 1 for name, array in before.items()}
    change(weights)
    with pytest.raises(error, match=words):
        network.set_weights(weights)
    for name, array in network.get_weights().items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(TypeError, match="weights"):
        network.set_weights([1])


def test_copies_are_independent_and_exact():
    network = make()
    network.forward(X, training=True)
    twin = network.copy()
    np.testing.assert_array_equal(twin.forward(X, True), network.forward(X, True))
    twin.flat_parameters[...] = 0
    assert network.flat_parameters.any()
    assert network.copy("float32").dtype == np.float32


def test_saved_and_loaded_networks_are_the_same(tmp_path):
    network = make(seed=4)
    network.forward(X, training=True)
    path = tmp_path / "a network.npz"
    network.save(path)
    network.save(str(path))  # over the old one
    loaded = Network.load(path)
    assert loaded.get_config() == network.get_config()
    np.testing.assert_array_equal(loaded.predict(X), network.predict(X))
    assert list(loaded.state) == list(network.state)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    loaded.initialize()
    np.testing.assert_array_equal(loaded.flat_parameters, make(seed=4).flat_parameters)


@pytest.mark.parametrize("name", ["model.keras", "model.H5"])
def test_a_network_is_no_keras_file(name, tmp_path):
    with pytest.raises(ValueError, match="'model.npz'"):
        make().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "network.npz"
    make().save(path)
    before = path.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        make(seed=1).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def _header(change):
    """Return a function that changes the JSON header of a saved network."""

    def edit(arrays):
        header = json.loads(str(arrays["config"]))
        change(header)
        arrays["config"] = np.array(json.dumps(header))

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda arrays: arrays.pop("config"), "no configuration"),
        (lambda arrays: arrays.update(config=np.array("{")), "no configuration"),
        (_header(lambda h: h.update(format="other")), "other version 1"),
        (_header(lambda h: h.update(version=99)), "version 99"),
        (_header(lambda h: h.pop("config")), "damaged"),
        (
            _header(lambda h: h["config"]["layers"][1].update(layer_kind="Dence")),
            "Did you mean 'Dense'",
        ),
        (_header(lambda h: h["config"]["layers"][1].update(units=-1)), "units"),
        (_header(lambda h: h["config"]["layers"][1].update(surprise=1)), "surprise"),
        (_header(lambda h: h["config"].update(layers=3)), "damaged"),
        (lambda arrays: arrays.pop("weights/dense/bias"), "lacks dense/bias"),
        (lambda arrays: arrays.update({"weights/dense/bias": np.ones(3)}), "dense/bias"),
        (lambda arrays: arrays.update({"weights/extra": np.ones(3)}), "extra"),
        (lambda arrays: arrays["weights/dense/bias"].fill(np.nan), "dense/bias"),
    ],
)
def test_foreign_and_altered_files_are_refused(tmp_path, edit, words):
    path = tmp_path / "network.npz"
    make().save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    edit(arrays)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=words) as caught:
        Network.load(path)
    assert str(path) in str(caught.value)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "network.npz"
    make().save(path)
    whole = path.read_bytes()
    damaged = [b"", b"not a network", whole[: len(whole) // 2], whole[:-30]]
    for position in range(0, len(whole), 97):
        damaged.append(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
    reference, refused = make(), 0
    for content in damaged:
        path.write_bytes(content)
        try:
            loaded = Network.load(path)
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
        else:  # a byte that says nothing, such as a date: the network must be whole
            np.testing.assert_array_equal(loaded.flat_parameters, reference.flat_parameters)
    assert refused > len(damaged) / 2


def test_a_pickle_in_the_file_is_not_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    path = tmp_path / "network.npz"
    make().save(path)
    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("weights/trap.npy", stream.getvalue())
    with pytest.raises(ValueError, match="damaged"):
        Network.load(path)
    assert not (tmp_path / "sprung").exists()


def test_bad_paths(tmp_path):
    for bad in (3, None, ""):
        with pytest.raises(TypeError, match="path"):
            make().save(bad)
        with pytest.raises(TypeError, match="path"):
            Network.load(bad)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        make().save(tmp_path / "nowhere" / "network.npz")
    with pytest.raises(FileNotFoundError, match="no file"):
        Network.load(tmp_path / "none.npz")
    with pytest.raises(IsADirectoryError):
        make().save(tmp_path)
    with pytest.raises((ValueError, OSError)):
        Network.load(tmp_path)
    assert files.check_path("a") and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layers", "arguments", "error", "words"),
    [
        ([], {}, ValueError, "at least one"),
        (Dense(3), {}, TypeError, "list of layers"),
        ([Dense], {}, TypeError, r"Dense\(10\) rather"),
        (["dense"], {}, TypeError, "layers"),
        ([Dense(3, name="a"), Dense(3, name="a")], {}, ValueError, "'a' comes twice"),
        ([Dense(3)] * 2, {}, ValueError, "same layer twice"),
        ([Dense(3)], {"input_shape": 0}, ValueError, "input_shape"),
        ([Dense(3)], {"input_shape": ()}, TypeError, "input_shape"),
        ([Dense(3)], {"input_shape": "4"}, TypeError, "input_shape"),
        ([Dense(3)], {"input_shape": (2.5,)}, ValueError, "input_shape"),
        ([Dense(3)], {"seed": -1}, ValueError, "seed"),
        ([Dense(3)], {"seed": "1"}, TypeError, "seed"),
        ([Dense(3)], {"dtype": "float16"}, ValueError, "dtype"),
    ],
)
def test_bad_construction(layers, arguments, error, words):
    with pytest.raises(error, match=words):
        Network(layers, **{"input_shape": 4, **arguments})


def test_layers_of_a_network_that_failed_stay_free():
    dropping, misfit = Dropout(0.5), Conv2D(2, 3)
    with pytest.raises(ValueError):
        Network([Dense(4), dropping, misfit], (3,))
    dropped = dropping.forward(np.ones((50, 4)), training=True)
    assert 0 < (dropped == 0).mean() < 1, "a layer without its network has random numbers"
    assert Network([dropping, misfit], (8, 8, 1)).output_shape == (6, 6, 2)


def test_a_layer_belongs_to_one_network():
    network = make()
    with pytest.raises(ValueError, match="belongs to a network"):
        Network([network.layers[1]], 6)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (X[0], r"numpy\.newaxis"),
        (X[:, :1], "shape"),
        (X[:0], "empty"),
        (X * np.nan, "finite"),
        ("text", "numbers"),
        (None, "numbers"),
    ],
)
def test_bad_inputs(x, words):
    network = make()
    before = network.get_weights(), network.random_state
    calls = [
        network.forward,
        network.predict,
        lambda x: network.loss_and_gradients(x, Y),
        lambda x: network.evaluate(x, Y),
        lambda x: network.fit(x, Y),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError), match=f"^x .*{words}"):
            call(x)
    assert network.random_state == before[1]
    for name, array in network.get_weights().items():
        np.testing.assert_array_equal(array, before[0][name])


@pytest.mark.parametrize(
    ("y", "loss", "words"),
    [
        (Y[:3], None, "samples must agree"),
        (Y + 4, None, "labels from 0 to 3"),
        (Y + 0.5, None, "fractions"),
        (np.eye(4)[Y] * 2, None, "between 0 and 1"),
        (Y, "categorical_crossentropy", "SparseCategorical"),
        (Y, "sparse", "one of"),
        (Y * np.nan, None, "finite"),
        ("text", None, "numbers"),
    ],
)
def test_bad_truth_changes_nothing(y, loss, words):
    network = make()
    before = network.get_weights(), network.random_state
    for call in (network.loss_and_gradients, network.evaluate, network.fit):
        with pytest.raises((TypeError, ValueError), match=words):
            call(X, y, loss)
    assert network.random_state == before[1]
    for name, array in network.get_weights().items():
        np.testing.assert_array_equal(array, before[0][name])


def test_other_bad_arguments():
    network = make()
    with pytest.raises(TypeError, match="training"):
        network.forward(X, training=1)
    with pytest.raises(ValueError, match="batch_size"):
        network.predict(X, batch_size=0)
    with pytest.raises(TypeError, match="batch_size"):
        network.evaluate(X, Y, batch_size="4")
    with pytest.raises(ValueError, match="seed"):
        network.initialize(seed=-2)


def test_summary_counts_what_there_is():
    lines = make().summary().splitlines()
    assert lines[3].split() == ["dense", "(Dense)", "(None,", "8)", "56"]
    assert lines[-1] == "Trained parameters: 108"
    assert "108 parameters" in repr(make())
