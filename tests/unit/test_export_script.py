"""A run exported as a script gives the same numbers in a fresh process."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from dlkit import datasets, export_script, labs, layers, schedules
from dlkit.datasets import Data
from dlkit.network import Network
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob

ROOT = Path(__file__).parents[2]


def trained(model, data, **settings):
    job = TrainingJob(model, data, TrainingConfig(**settings))
    job.start()
    job.wait()
    return job


def mlp(data, *inner, seed=0, dtype="float32"):
    last = "softmax" if data.task_type == "classification" else "linear"
    stack = [layers.Flatten()] * (len(data.input_shape) > 1) + list(inner)
    stack.append(layers.Dense(data.output_dim, last))
    return Network(stack, data.input_shape, seed=seed, dtype=dtype)


def repeated(script):
    """Run a script in a fresh process, elsewhere; return name -> (last, first gap, largest gap)."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        cwd=ROOT.parent,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    last = dict(re.findall(r"^(\w+): (\S+) after", done.stdout, re.M))
    gaps = re.findall(r"^(\w+), difference.*epoch (\S+), largest (\S+)$", done.stdout, re.M)
    return {name: (float(last[name]), float(first), float(most)) for name, first, most in gaps}


def check_exact(job, script):
    found = repeated(script)
    assert set(found) == {"loss", "val_loss"} & set(job.history.history)
    for name, (last, _, most) in found.items():
        assert last == job.history.history[name][-1]
        assert most == 0


def test_a_run_on_a_data_set_of_the_kit_needs_one_file(tmp_path):
    data = datasets.digits(seed=2, flat=True)
    network = mlp(data, layers.Dense(12, "relu"), layers.Dropout(0.2), seed=7, dtype="float64")
    job = trained(network, data, epochs=3, learning_rate=0.01, seed=7)
    written = export_script(job, tmp_path / "run.py")
    assert written == [tmp_path / "run.py"] == list(tmp_path.iterdir())
    text = written[0].read_text()
    assert "datasets.get('digits', seed=2, flat=True)" in text
    assert "layers.Dropout(rate=0.2)" in text
    assert "epochs=3" in text and str(tmp_path) not in text
    check_exact(job, written[0])


def test_own_data_weights_names_and_every_kind_of_setting(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 4)), random.normal(size=(60, 2))
    data = Data(x, y, x[:9], y[:9], task_type="regression", name="mine", feature_names=list("abcd"))
    inner = layers.Dense(5, "tanh", kernel_regularizer="l2", name="middle")
    network = mlp(data, inner, layers.BatchNormalization(), layers.Residual([layers.Dense(5)]))
    network.set_weights({name: array + 0.1 for name, array in network.get_weights().items()})
    job = trained(
        network,
        data,
        epochs=4,
        batch_size=7,
        optimizer="momentum",
        optimizer_arguments={"momentum": 0.8},
        learning_rate_schedule=schedules.CosineAnnealing(0.01, 300),
        loss="huber",
        clipnorm=1.0,
        patience=1,
        gradient_accumulation_steps=2,
    )
    script, *beside = export_script(job, tmp_path / "run.py")
    assert sorted(each.name for each in beside) == ["run_data.npz", "run_weights.npz"]
    assert "name='middle'" in script.read_text()
    check_exact(job, script)


def test_a_run_held_by_hand_is_repeated_as_far_as_it_went(tmp_path):
    data = datasets.iris()
    job = TrainingJob(mlp(data), data, TrainingConfig(epochs=50))
    job.step(epochs=2)
    job.step(2)
    (script,) = export_script(job, tmp_path / "run.py")
    assert "epochs=2" in script.read_text()
    job.stop()
    assert export_script(job, script)[0].read_text().count("epochs=2") == 1
    check_exact(job, script)


def test_keras_fit_gives_the_numbers_of_a_network(tmp_path):
    data = datasets.breast_cancer()
    network = Network([layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")], data.input_shape)
    job = trained(network, data, epochs=3, learning_rate=0.01, batch_size=50)
    (script,) = export_script(job, tmp_path / "run.py", framework="keras")
    text = script.read_text()
    assert "model.fit(" in text and "TrainingJob" not in text
    for name, (last, first, most) in repeated(script).items():
        assert first < 1e-5
        assert most < 1e-4
        assert last == pytest.approx(job.history.history[name][-1], abs=1e-4)


@pytest.mark.full
@pytest.mark.parametrize("task", ["regression", "one_hot", "float64"])
def test_keras_fit_takes_every_form_of_labels(task, tmp_path):
    data = datasets.diabetes() if task == "regression" else datasets.iris()
    if task == "one_hot":
        eye = np.eye(3)
        data = Data(
            data.x_train, eye[data.y_train], data.x_validation, eye[data.y_validation], name="hot"
        )
    network = mlp(
        data, layers.Dense(6, "relu"), dtype="float64" if task == "float64" else "float32"
    )
    job = trained(network, data, epochs=2, plateau={"factor": 0.5, "patience": 1})
    script, *_ = export_script(job, tmp_path / "run.py", framework="keras")
    for _, first, most in repeated(script).values():
        assert max(first, most) < 1e-5


@pytest.mark.full
@pytest.mark.parametrize("convertible", [True, False])
def test_a_run_of_a_keras_model(convertible, tmp_path):
    data = datasets.iris()
    if convertible:
        model = mlp(data, layers.Dense(6, "relu")).to_keras()
    else:
        inputs = keras.Input((4,))
        sides = [keras.layers.Dense(3, activation)(inputs) for activation in ("relu", "tanh")]
        outputs = keras.layers.Dense(3, "softmax")(keras.layers.Concatenate()(sides))
        model = keras.Model(inputs, outputs)
    job = trained(model, data, epochs=2)
    for framework in ("dlkit", "keras"):
        script, *beside = export_script(job, tmp_path / f"by_{framework}.py", framework)
        wanted = [] if convertible else [f"by_{framework}_model.keras"]
        assert [each.name for each in beside] == wanted
        for _, first, most in repeated(script).values():
            assert max(first, most) < 1e-5


def test_the_lab_exports_its_run(tmp_path):
    lab = labs.TrainingLab(dataset="iris", architecture="mlp_16", epochs=2, pace=0.0)
    lab.run()
    lab.wait()
    (script,) = lab.export_script(tmp_path / "lab.py")
    assert ast.parse(script.read_text())
    check_exact(lab.job, script)
    lab.close()


@pytest.fixture(scope="module")
def job():
    data = datasets.iris()
    return trained(mlp(data), data, epochs=1, class_weight={0: 2.0})


def test_what_cannot_be_exported_is_named_and_nothing_is_written(job, tmp_path):
    path = tmp_path / "run.py"
    with pytest.raises(TypeError, match="run must be a TrainingJob"):
        export_script(job.history, path)
    with pytest.raises(ValueError, match="end in .py"):
        export_script(job, tmp_path / "run.txt")
    with pytest.raises(ValueError, match="Call it my_dlkit.py"):
        export_script(job, tmp_path / "dlkit.py")
    with pytest.raises(ValueError, match="framework must be"):
        export_script(job, path, "kears")
    with pytest.raises(ValueError, match="class_weight"):
        export_script(job, path, "keras")
    with pytest.raises(FileNotFoundError):
        export_script(job, tmp_path / "nowhere" / "run.py")
    fresh = TrainingJob(mlp(job.data), job.data)
    with pytest.raises(ValueError, match="finished epoch"):
        export_script(fresh, path)
    assert not list(tmp_path.iterdir())
