"""Keras in float64, for the length of a test or of a file."""

import contextlib

import keras
import pytest


@contextlib.contextmanager
def keras_in_float64():
    """Compute in float64, and leave Keras as it was.

    The policy is set too: Keras takes it from ``floatx`` when the first layer is made, and keeps it, so
    that after any test in float32 ``floatx`` alone changes half of what is computed.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


@pytest.fixture
def float64():
    with keras_in_float64():
        yield


@pytest.fixture(scope="module")
def module_in_float64():
    with keras_in_float64():
        yield
