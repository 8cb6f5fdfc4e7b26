"""What is kept with a Keras model, and goes when the model goes."""


class Store:
    """No dictionary itself, so that Keras does not look inside when it saves the model.

    Attributes
    ----------
    by_key : dict
        Warm models, see `warm_model`.
    outline : keras.Model or None
        See `outline`.
    """

    def __init__(self):
        self.by_key = {}
        self.outline = None

    @property
    def variables(self):
        """Those of all optimizers that have been kept."""
        return [each for warm in self.by_key.values() for each in warm.optimizer.variables]


def kept_with(model):
    """Return the `Store` of a model, empty at first."""
    if "_dlkit_store" not in model.__dict__:
        object.__setattr__(model, "_dlkit_store", Store())  # past Keras's tracking
    return model._dlkit_store
