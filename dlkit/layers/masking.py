"""How a mask travels: which time steps of a sequence are real, and which only fill it up.

A mask is a truth value for each time step, (batch, time), False where it is padding. An `Embedding`
with ``mask_zero`` makes one; a layer with ``supports_masking`` hands it on, as in Keras, and one
with ``takes_mask`` uses it: attention does not look at padding, a mean leaves it out.
"""

import functools

import numpy as np

from dlkit import checks
from dlkit.layers.base import Layer


def run(layers, x, training, mask=None):
    """Run x and its mask through layers, unchecked; return the output and the output's mask."""
    for layer in layers:
        given = {"mask": mask} if mask is not None and layer.takes_mask else {}
        y = layer.compute_output(x, training, **given)
        x, mask = y, layer.compute_mask(x, mask)
    return x, mask


def check_mask(name, mask, shape):
    """Return a mask as truth values of the given shape, or say why it is none; None stays None.

    Parameters
    ----------
    name : str
        The argument's name.
    mask : array_like or None
        True or 1 for what counts, False or 0 for what is masked.
    shape : tuple of int
        What the mask must have.
    """
    if mask is None:
        return None
    mask = checks.array(name, mask, shape=shape)
    if mask.dtype != bool and not ((mask == 0) | (mask == 1)).all():
        raise ValueError(
            f"{name} must hold True (counts) or False (is masked), but holds "
            f"{mask[(mask != 0) & (mask != 1)].flat[0]:g}."
        )
    return mask.astype(bool, copy=False)


def check_attention_mask(mask, axes):
    """Return an attention mask with four axes, which fits (batch, heads, queries, keys), or None."""
    if mask is None:
        return None
    mask = checks.array("attention_mask", mask, ndim=(2, 3, 4))
    shape = {2: axes[2:], 3: (axes[0], *axes[2:]), 4: axes}[mask.ndim]
    mask = check_mask("attention_mask", mask, shape)
    return mask if mask.ndim == 4 else mask.reshape(-1, 1, *axes[2:])


def check_sequences(query, value, key):
    """Return three sequences that fit each other; one left out is the one before it."""
    query = checks.array("query", query, ndim=3)
    value = query if value is None else checks.array("value", value, ndim=3)
    key = value if key is None else checks.array("key", key, ndim=3)
    checks.same_length(query=query, value=value, key=key)
    if value.shape[1] != key.shape[1]:
        raise ValueError(
            "value and key must have the same number of time steps, but their shapes are "
            f"{value.shape} and {key.shape}."
        )
    return query, value, key


def hidden_places(shape, causal, query_mask=None, key_mask=None, attention_mask=None):
    """Return where queries must not look, (batch or 1, heads or 1, queries, keys); None if nowhere.

    Parameters
    ----------
    shape : tuple of int
        (queries, keys).
    causal : bool
        Whether query t sees the keys 0 … t only.
    query_mask, key_mask : numpy.ndarray, optional
        (batch, queries) and (batch, keys), False where padding is.
    attention_mask : numpy.ndarray, optional
        (batch or 1, heads or 1, queries, keys), False where a query must not look.
    """
    shown = [] if attention_mask is None else [attention_mask]
    if query_mask is not None:
        shown.append(query_mask[:, np.newaxis, :, np.newaxis])
    if key_mask is not None:
        shown.append(key_mask[:, np.newaxis, np.newaxis, :])
    if causal:
        shown.append(np.tri(*shape, dtype=bool)[np.newaxis, np.newaxis])
    return ~functools.reduce(np.logical_and, shown) if shown else None


class MaskedLayer(Layer):
    """A layer that uses the mask of its input, also when it is used alone."""

    takes_mask = True

    def forward(self, x, training=False, mask=None):
        """Return the layer's output.

        Parameters
        ----------
        x, training
            As in `Layer.forward`.
        mask : array_like, optional
            (batch, time), False where a time step is padding.

        Returns
        -------
        numpy.ndarray
            (batch, \\*output_shape).
        """
        x, training = self.check_call(x, training)
        mask = check_mask("mask", mask, x.shape[:2])
        return run([self], x, training, mask)[0]

    def compute_output(self, x, training, mask=None):
        """As in `Layer`, with the mask of x."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_output.")
