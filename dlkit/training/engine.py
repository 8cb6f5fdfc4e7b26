"""The engine of a model: NumPy's for a `Network`, Keras's for a Keras model."""

from dlkit import checks
from dlkit.training.config import TrainingConfig
from dlkit.training.protocol import Engine, epoch_order

__all__ = ["Engine", "engine_for", "epoch_order"]


def engine_for(model, data, config):
    """Return the engine that trains ``model``.

    Parameters
    ----------
    model : Network, keras.Model or Engine
        An engine of your own is used as it is.
    data : Data
        What to train and validate on.
    config : TrainingConfig
        How.

    Returns
    -------
    Engine

    Raises
    ------
    TypeError, ValueError
        If one of them is something else, or if they do not fit each other.
    """
    if not isinstance(config, TrainingConfig):
        raise TypeError(
            f"config must be a TrainingConfig, but got {checks.describe(config)}. "
            "Write TrainingConfig(epochs=20, learning_rate=0.01), for example."
        )
    if isinstance(model, Engine):
        return model
    # Lazily, and only here, training reaches up to Keras: no NumPy run pays for its import.
    from dlkit.keras.engine import KerasEngine

    return KerasEngine(model, data, config)
