"""Saving Keras models: whole or not at all; loading runs nothing that a file brings along."""

import os
import subprocess
import sys
import textwrap
import zipfile

import keras
import numpy as np
import pytest

from dlkit import TrainingConfig, models, optimizers
from dlkit.keras import saving
from dlkit.keras.saving import load_model, save_model


def small_model(seed=0):
    return models.build_sequential_model(3, 2, units=(4,), seed=seed)


X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_model_comes_back_with_its_outputs(tmp_path):
    model = small_model()
    path = save_model(model, tmp_path / "a model.keras")
    np.testing.assert_array_equal(load_model(path)(X), model(X))
    assert [each.name for each in tmp_path.iterdir()] == ["a model.keras"]


def test_training_goes_on_where_it_stopped(tmp_path):
    model = small_model()
    model.compile(
        optimizers.get("adam", learning_rate=0.05).to_keras(), "sparse_categorical_crossentropy"
    )
    y = np.array([0, 1, 0, 1])
    model.fit(X, y, epochs=2, shuffle=False, verbose=0)
    again = load_model(save_model(model, tmp_path / "m.keras"))
    for each in (model, again):
        each.fit(X, y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(again(X), model(X), atol=1e-6)


def test_a_transformer_brings_its_own_layer_into_a_fresh_process(tmp_path):
    model = models.build_transformer_model((4, 3), 2, num_layers=1, embedding_dim=8)
    path = save_model(model, tmp_path / "t.keras")
    code = f"""
        from dlkit.keras.saving import load_model
        import numpy as np
        model = load_model({str(path)!r})
        print(np.asarray(model(np.ones((1, 4, 3), "float32"))).tolist())
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    expected = np.asarray(model(np.ones((1, 4, 3), "float32"))).tolist()
    np.testing.assert_allclose(eval(result.stdout, {}), expected, atol=1e-6)


def test_a_model_that_the_engine_has_trained_can_be_saved(tmp_path):
    from dlkit import Data
    from dlkit.keras.engine import KerasEngine

    data = Data(X, [0, 1, 0, 1], X, [0, 1, 0, 1])
    model = small_model()
    engine = KerasEngine(model, data, TrainingConfig(batch_size=2))
    engine.begin_epoch(1)
    engine.run(0, 2)
    again = load_model(save_model(model, tmp_path / "m.keras"))
    np.testing.assert_array_equal(again(X), model(X))


@pytest.mark.parametrize("moment", ["while Keras writes", "while copying", "before the new name"])
def test_an_error_half_way_leaves_the_old_file(tmp_path, monkeypatch, moment):
    old, path = small_model(seed=1), tmp_path / "m.keras"
    save_model(old, path)
    before = path.read_bytes()
    new = small_model(seed=2)

    def fail(*arguments, **settings):
        raise OSError("No space left on device")

    if moment == "while Keras writes":
        monkeypatch.setattr(type(new), "save", fail)
    elif moment == "while copying":
        monkeypatch.setattr(saving.shutil, "copyfileobj", fail)
    else:
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        save_model(new, path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["m.keras"]


def test_killed_half_way_the_old_file_is_whole(tmp_path):
    path = tmp_path / "m.keras"
    old = small_model(seed=1)
    save_model(old, path)
    code = f"""
        import os, shutil
        from dlkit import models
        from dlkit.keras import saving

        def half(source, target):
            target.write(source.read(2000))
            target.flush()
            os._exit(9)  # as if killed: no clean-up runs

        saving.shutil.copyfileobj = half
        saving.save_model(models.build_sequential_model(3, 2, units=(4,), seed=2), {str(path)!r})
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True
    )
    assert result.returncode == 9, result.stderr[-500:]
    np.testing.assert_array_equal(load_model(path)(X), old(X))


def test_a_lambda_layer_is_not_run(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs))
    path = tmp_path / "code.keras"
    model.save(path)
    with pytest.raises(ValueError, match="[Ll]ambda"):
        load_model(path)


@pytest.mark.parametrize("name", ["m.h5", "m.hdf5", "M.H5", "m.pkl", "m.txt", "m", "m.keras.h5"])
def test_other_kinds_of_files_are_refused_before_they_are_opened(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(ValueError, match="must end in '.keras'"):
        load_model(tmp_path / name)
    with pytest.raises(ValueError, match="must end in '.keras'"):
        save_model(small_model(), tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"anything"


def test_wrong_arguments_are_named(tmp_path):
    with pytest.raises(TypeError, match="model must be a Keras model"):
        save_model("model", tmp_path / "m.keras")
    with pytest.raises(ValueError, match="model must be built"):
        save_model(keras.Sequential([keras.layers.Dense(2)]), tmp_path / "m.keras")
    with pytest.raises(TypeError, match="path"):
        save_model(small_model(), 3)
    with pytest.raises(TypeError, match="path"):
        load_model(None)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        save_model(small_model(), tmp_path / "nowhere" / "m.keras")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("content", [b"", b"not a zip", None])
def test_a_damaged_file_is_called_damaged(tmp_path, content):
    path = save_model(small_model(), tmp_path / "m.keras")
    path.write_bytes(path.read_bytes()[:-400] if content is None else content)
    with pytest.raises(ValueError, match="damaged"):
        load_model(path)


@pytest.mark.parametrize(
    "states", [b"{", b"3", b"[]", b"[[1]]", b"[[-1, 0]]", b'[["a", 0]]', b"[[1, 2], [3, 4]]"]
)
def test_random_states_that_do_not_fit_are_called_damaged(tmp_path, states):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5, seed=1)])
    path = tmp_path / "m.keras"
    model.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(saving._RANDOM, states)
    with pytest.raises(ValueError, match="damaged.*random states"):
        load_model(path)


def test_a_file_of_keras_itself_has_no_random_states_and_is_taken(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5, seed=1)])
    model.save(tmp_path / "theirs.keras")
    load_model(tmp_path / "theirs.keras")
    model(np.ones((2, 3)), training=True)
    ours = load_model(save_model(model, tmp_path / "ours.keras"))
    x = np.ones((4, 3))
    np.testing.assert_array_equal(ours(x, training=True), model(x, training=True))
    keras.saving.load_model(tmp_path / "ours.keras")  # Keras reads it too


def test_a_file_that_declares_too_much_is_not_unpacked(tmp_path, monkeypatch):
    from dlkit.keras import saving

    monkeypatch.setattr(saving, "LIMIT", 10**6)
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(2 * 10**6))
    with pytest.raises(ValueError, match="declares 2 MB, and at most 1 MB are read"):
        saving.load_model(path)
