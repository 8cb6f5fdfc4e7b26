"""Remembering what a model is like, so that it can be as it was."""

from dlkit.network import Network
from dlkit.training.protocol import Engine


def remember(model):
    """Return a function that puts back all that making and running an engine changes in a model.

    Parameters
    ----------
    model : Network, keras.Model or Engine
        Of a Keras model, variables that do not exist yet are left out.

    Returns
    -------
    callable
        Without arguments.
    """
    if isinstance(model, Engine):
        snapshot = model.snapshot()
        return lambda: model.restore(snapshot)
    if isinstance(model, Network):
        weights, streams = model.get_weights(), model.random_state

        def put_back():
            model.set_weights(weights)
            model.random_state = streams

        return put_back
    # a job that rests on the model in the middle of its run has its optimizer there, see keras.warm
    kept = getattr(getattr(model, "_dlkit_store", None), "variables", ())
    own = getattr(model, "variables", ())
    if not isinstance(own, list | tuple):  # no model at all: whoever makes the engine says so
        own = ()
    pairs = [(each, each.numpy()) for each in (*own, *kept)]

    def assign():
        for variable, value in pairs:
            variable.assign(value)

    return assign
