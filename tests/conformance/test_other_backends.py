"""The Keras side on JAX and on PyTorch: the same rules, files, builders as on TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from peers import needs_jax, needs_torch

from dlkit.rules import RULES

SCRIPT = Path(__file__).with_name("keras_on_another_backend.py")
BUILDERS = ("sequential", "cnn", "rnn", "transformer")


def on(backend, names, builders):
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(SCRIPT.parents[2])}
    command = [sys.executable, str(SCRIPT), ",".join(names), ",".join(builders)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["backend"] == backend
    return found


def check(found, names, builders):
    assert set(found["fit"]) == set(names)
    for name, difference in found["fit"].items():
        assert difference <= 1e-5, (name, difference)
    assert all(found["resumes"].values())
    assert found["accumulates"]
    assert len(found["builders"]) == 3 * len(builders) and all(found["builders"].values())
    assert found["language model"] in ((True,) if builders else (None,))


@needs_jax
def test_adam_in_fit_and_in_a_file_on_jax():
    check(on("jax", ["adam"], []), ["adam"], [])


@pytest.mark.full
@needs_jax
def test_every_rule_and_builder_on_jax():
    check(on("jax", list(RULES), BUILDERS), list(RULES), BUILDERS)


@pytest.mark.full
@needs_torch
def test_every_rule_and_builder_on_pytorch():
    check(on("torch", list(RULES), BUILDERS), list(RULES), BUILDERS)


@pytest.mark.full
def test_every_rule_and_builder_on_tensorflow():
    """The script itself is right: on TensorFlow it finds the same."""
    check(on("tensorflow", list(RULES), BUILDERS), list(RULES), BUILDERS)
