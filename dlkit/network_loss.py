"""The loss of a network on some data as a plain function of its parameters."""

import numpy as np

from dlkit import checks, network_checks
from dlkit.network import Network


class NetworkLoss:
    """The loss of a network on some data, as a function of its flat parameters.

    ``value, gradient = function(flat_parameters)``: what `LBFGS.minimize`, SciPy's optimizers and
    pictures of a loss surface ask for. A call leaves the network as it was. Dropout drops the same
    units at every call; without that it would be no function.

    Parameters
    ----------
    network : Network
    x : array_like
        (samples, \\*input_shape).
    y : array_like
        The truth, as the loss takes it.
    loss : str or Loss, optional
        By default `dlkit.losses.default_loss`.

    Raises
    ------
    TypeError, ValueError
        If network, data and loss do not fit each other.

    Examples
    --------
    >>> function = NetworkLoss(network, x, y)                              # doctest: +SKIP
    >>> found = LBFGS().minimize(function, network.flat_parameters)        # doctest: +SKIP
    >>> network.flat_parameters[...] = found.x                             # doctest: +SKIP
    """

    def __init__(self, network, x, y, loss=None):
        if not isinstance(network, Network):
            raise TypeError(f"network must be a Network, but got {checks.describe(network)}.")
        self._take(network, *network_checks.check_batch(network, x, y, loss), network.random_state)

    @classmethod
    def unchecked(cls, network, x, y, loss, random_state):
        """Return the same without checks, for a loop that has checked its data, and a given dropout."""
        made = cls.__new__(cls)
        made._take(network, x, y, loss, random_state)
        return made

    def _take(self, network, x, y, loss, random_state):
        self.network, self._batch, self._random_state = network, (x, y, loss), random_state

    def __call__(self, flat_parameters):
        """Return the loss, and its gradient, with these parameters.

        Parameters
        ----------
        flat_parameters : array_like
            (elements,), in the order of ``network.segments``.

        Returns
        -------
        value : float
            Penalties of regularizers included.
        gradient : numpy.ndarray
            (elements,), of the network's dtype.
        """
        network = self.network
        given = checks.array(
            "flat_parameters", flat_parameters, shape=network.flat_parameters.shape
        )
        buffers = [network.flat_parameters, network.flat_gradients, *network.state.values()]
        kept, random_state = [buffer.copy() for buffer in buffers], network.random_state
        try:
            network.flat_parameters[...] = given
            network.random_state = self._random_state
            with np.errstate(all="ignore"):  # far away it may be infinite
                value = network.loss_and_gradients(*self._batch, check=False)
            return value, network.flat_gradients.copy()
        finally:
            for buffer, before in zip(buffers, kept, strict=True):
                buffer[...] = before
            network.random_state = random_state
