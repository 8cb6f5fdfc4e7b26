"""Measures the layers of a `Network` once an epoch, outside the loop over its batches."""

import numpy as np

from dlkit.layers import Activation, Conv1D, Conv2D, Dense, masking
from dlkit.training.layer_records import LayerRecord, measured_batch, norms, probe_samples

WITH_UNITS = (Dense, Conv1D, Conv2D, Activation)  # whose output is their activation's


class LayerWatch:
    """Looks at one step of each epoch, and for dead units at its end.

    Parameters
    ----------
    network : Network
        Being trained.
    x : numpy.ndarray
        The training inputs, (samples, \\*input_shape), in the network's dtype.
    config : TrainingConfig
        Batch size and accumulation.
    """

    def __init__(self, network, x, config):
        self._network, self._x = network, x[probe_samples(len(x))]
        self._samples, self._size = len(x), config.batch_size
        self._steps = config.gradient_accumulation_steps
        self._places = {}  # layer name -> its part of the flat buffers
        for name, start, stop, _ in network.segments:
            layer = name.split("/")[0]
            begin = self._places.get(layer, slice(start, stop)).start
            self._places[layer] = slice(begin, stop)
        self.measured = {}  # layer name -> (gradient norm, update ratio)

    def run(self, train, first, count, optimizer):
        """Train on some batches by ``train(first, count)``, and measure the one that is due."""
        pending = getattr(optimizer, "pending", 0)
        due = measured_batch(self._samples, self._size, first, pending, self._steps)
        if not first <= due < first + count:
            return train(first, count)
        losses = [train(first, due - first)] if due > first else []
        if all(np.isfinite(each).all() for each in losses):
            before = self._network.flat_parameters.copy()
            losses.append(train(due, 1))
            self._measure(before)
        rest = first + count - due - 1
        if rest and np.isfinite(losses[-1]).all():
            losses.append(train(due + 1, rest))
        return np.concatenate(losses)

    def _measure(self, before):
        gradients, after = self._network.flat_gradients, self._network.flat_parameters
        self.measured = {
            name: norms(
                _square(gradients[place]),
                _square(after[place].astype("float64") - before[place]),
                _square(before[place]),
            )
            for name, place in self._places.items()
        }

    def records(self):
        """Return a `LayerRecord` of each layer that has parameters or a ReLU, as a tuple."""
        dead = self._dead_shares()
        return tuple(
            LayerRecord(name, *self.measured.get(name, (None, None)), dead.get(name))
            for name in (layer.name for layer in self._network.layers)
            if name in self._places or name in dead
        )

    def _dead_shares(self):
        """Run the probe through the network, and count what stays 0."""
        network, y, mask, shares = self._network, self._x, None, {}
        network.batch = None  # a ``backward`` now would meet this pass
        with np.errstate(all="ignore"):
            for layer in network.layers:
                y, mask = masking.run([layer], y, False, mask)
                if isinstance(layer, WITH_UNITS) and layer.activation.name == "relu":
                    active = (y != 0).any(axis=tuple(range(y.ndim - 1)))
                    shares[layer.name] = float(1 - active.mean())
        return shares


def _square(values):
    values = values.astype("float64", copy=False)
    return float(values @ values)
