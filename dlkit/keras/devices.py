"""Where Keras computes."""

import contextlib

import keras


def on_device(device):
    """Return a context in which Keras computes on a device.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        ``"auto"`` leaves the choice to Keras, which takes a GPU where it sees one.

    Raises
    ------
    ValueError
        If ``"gpu"`` is asked for and the backend sees none.
    """
    if device == "auto":
        return contextlib.nullcontext()
    if device == "gpu" and not has_gpu():
        raise ValueError(
            f"device='gpu' needs a GPU, but {keras.backend.backend()} sees none. Use device='auto' "
            "or 'cpu'; `dlkit doctor` says what is installed."
        )
    return keras.device(f"{device}:0")


def has_gpu():
    """Return whether the backend of Keras sees a GPU."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        return bool(tensorflow.config.list_physical_devices("GPU"))
    if backend == "jax":
        import jax

        return any(device.platform == "gpu" for device in jax.devices())
    if backend == "torch":
        import torch

        return torch.cuda.is_available()
    return False
