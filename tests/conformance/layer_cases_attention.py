"""Attention and Transformer blocks beside Keras's, with the faults that people make in them."""

import numpy as np
from layer_case import Case

from dlkit.keras import attention as twins
from dlkit.layers import (
    MultiHeadAttention,
    TransformerDecoder,
    TransformerEncoder,
    attention,
    side_by_side,
)
from dlkit.layers.transformer_encoder import ShortCut

ATTEND, BACK, SAMPLE = attention.attend, attention.attend_gradients, MultiHeadAttention.sample
SMALL = (-0.6, 0.6)  # weights that leave the softmax unsaturated, so that a missing √d shows


def swapped(method, name, function):
    """Return the fault: ``method`` runs with another function of that name in attention.py."""
    original, right = getattr(MultiHeadAttention, method), getattr(attention, name)

    def faulty(self, *arguments, **more):
        setattr(attention, name, function)
        try:
            return original(self, *arguments, **more)
        finally:
            setattr(attention, name, right)

    return method, faulty


def attending(function):
    return swapped("look", "attend", function)


def going_back(function):
    return swapped("compute_gradients", "attend_gradients", function)


def softmax_over_queries(query, key, value, hidden, kept, small, out):
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    out[...] = np.exp(scores)
    sums = out.sum(axis=-2, keepdims=True).swapaxes(-1, -2)
    return out / sums.swapaxes(-1, -2) @ value, out, sums


def scaled(factor):
    def function(query, *others, **more):
        return ATTEND(query * factor(query.shape[-1]), *others, **more)

    return attending(function)


def forgotten_sum(upstream, query, key, value, forward, hidden, kept):
    """∂L/∂S = W ∂L/∂W: the softmax's own derivative left out."""
    _, shares, sums = forward
    result = np.zeros((*shares.shape[:-1], value.shape[-1]))
    return BACK(upstream, query, key, value, (result, shares, sums), hidden, kept)


def without_root(upstream, *others):
    query, key, value = BACK(upstream, *others)
    return query * np.sqrt(query.shape[-1]), key, value


def exchanged(upstream, *others):
    query, key, value = BACK(upstream, *others)
    return key, query, value


def heads_transposed(self, n):
    """(length, heads) read as (heads, length)."""
    q, k, v, *others = SAMPLE(self, n)
    mixed = [each.reshape(each.shape[1], -1, len(each)).transpose(2, 0, 1) for each in (q, k, v)]
    return *mixed, *others


def values_for_keys(self, n):
    q, k, v, *others = SAMPLE(self, n)
    return q, v, k, *others


def only_queries(layers, x, delta, out):
    """∂L/∂x by way of the queries alone."""
    side_by_side.linear_gradients(layers, x, delta, out)
    units = layers[0].units
    return delta[..., :units] @ layers[0].parameters["kernel"].T


class QueriesAlone:
    """What stands for the module `side_by_side` in attention.py, with that fault."""

    linear, linear_gradients = staticmethod(side_by_side.linear), staticmethod(only_queries)


ATTENTION_FAULTS = {
    "no √d": scaled(np.sqrt),
    "√ of the features for √ of the head": scaled(lambda d: np.sqrt(0.5)),
    "d for √d": scaled(lambda d: 1 / np.sqrt(d)),
    "softmax over the queries": attending(softmax_over_queries),
    "heads transposed": ("sample", heads_transposed),
    "keys for values": ("sample", values_for_keys),
    "softmax's derivative left out": going_back(forgotten_sum),
    "no √d in the query's gradient": going_back(without_root),
    "gradients of query and key exchanged": going_back(exchanged),
    "gradient of the queries alone": swapped("compute_gradients", "side_by_side", QueriesAlone),
}


def mask_moved(by):
    def hidden_places(shape, causal, *masks):
        return ~np.tri(*shape, by, dtype=bool)[None, None]

    return swapped("look", "hidden_places", hidden_places)


CAUSAL_FAULTS = {
    "no mask": mask_moved(9),
    "mask off by one, to the future": mask_moved(1),
    "mask off by one, to the past": mask_moved(-1),
    "mask transposed": swapped(
        "look",
        "hidden_places",
        lambda shape, causal, *masks: np.tri(*shape, dtype=bool).T[None, None],
    ),
    "mask not handed on": attending(
        lambda query, key, value, hidden, kept, small, out: ATTEND(
            query, key, value, None, kept, small, out
        )
    ),
}


def stepping(change):
    """Return a ``compute_output`` for a block whose two steps are called otherwise."""

    def compute_output(self, x, training, mask=None):
        return change(self, self.steps[0], self.steps[1], x, training)

    return "compute_output", compute_output


def norm_on_the_other_side(block, attend, feed, x, training):
    turned = [ShortCut(s.layers, s.dropout, s.norm, not s.normalize_first) for s in (attend, feed)]
    return turned[1].forward(turned[0].forward(x, training), training)


def through(step, x, training):
    """Run a step without its short cut, with the norm where it belongs."""
    f = step.norm.compute_output(x, training) if step.normalize_first else x
    for layer in step.layers:
        f = layer.compute_output(f, training)
    return f if step.normalize_first else step.norm.compute_output(f, training)


def exchanged_norms(block, attend, feed, x, training):
    attend.norm, feed.norm = feed.norm, attend.norm
    try:
        return feed.forward(attend.forward(x, training), training)
    finally:
        attend.norm, feed.norm = feed.norm, attend.norm


def short_cut_lost(self, upstream):
    attend, feed = self.steps
    through_feed = feed.backward(upstream)
    return attend.backward(through_feed) - through_feed


def one_short_cut_for_both(block, attend, feed, x, training):
    return feed.forward(through(attend, x, training), training)


BLOCK_FAULTS = {
    "normalization on the other side": stepping(norm_on_the_other_side),
    "no short cut around the attention": stepping(one_short_cut_for_both),
    "no short cut around the network": stepping(
        lambda block, attend, feed, x, training: through(
            feed, attend.forward(x, training), training
        )
    ),
    "the network before the attention": stepping(
        lambda block, attend, feed, x, training: attend.forward(feed.forward(x, training), training)
    ),
    "normalizations exchanged": stepping(exchanged_norms),
    "no attention": stepping(
        lambda block, attend, feed, x, training: feed.forward(
            x + 0 * attend.forward(x, training), training
        )
    ),
    "short cut lost in the backward pass": ("compute_gradients", short_cut_lost),
}


def future_seen(block, attend, feed, x, training):
    block.attention.causal = False
    return feed.forward(attend.forward(x, training), training)


FUTURE_SEEN = {"future seen": stepping(future_seen)}


def block(kind, **arguments):
    """Return the makers of a block and of its twin. ε is exact in binary, features / heads are 4."""
    given = {"intermediate_dim": 7, "num_heads": 2, "dropout": 0.0, "layer_norm_epsilon": 2.0**-10}
    given |= arguments
    theirs = getattr(twins, kind.__name__)
    return lambda: kind(**given), lambda: theirs(**given)


def heads(num_heads, key_dim, **arguments):
    """Return the makers of an attention and of its twin; key_dim is a power of 4."""
    return (
        lambda: MultiHeadAttention(num_heads, key_dim, **arguments),
        lambda: twins.SelfAttention(num_heads, key_dim, **arguments),
    )


def case(makers, shape, faults=None, **more):
    return Case(*makers, shape, faults or {}, weights=SMALL, **more)


ATTENTION_CASES = {
    "MultiHeadAttention": case(heads(2, 4), (5, 6), ATTENTION_FAULTS),
    "MultiHeadAttention, causal": case(heads(2, 4, causal=True), (5, 6), CAUSAL_FAULTS),
    "MultiHeadAttention, value_dim": case(heads(3, 4, value_dim=2), (4, 5)),
    "MultiHeadAttention, no bias": case(heads(2, 1, use_bias=False), (4, 3)),
    "MultiHeadAttention, one head": case(heads(1, 16), (3, 2)),
    "MultiHeadAttention, one time step": case(heads(2, 4, causal=True), (1, 3)),
    "TransformerEncoder": case(block(TransformerEncoder), (5, 8), BLOCK_FAULTS),
    "TransformerEncoder, normalizing first": case(
        block(TransformerEncoder, normalize_first=True, activation="tanh"), (5, 8), BLOCK_FAULTS
    ),
    "TransformerDecoder": case(
        block(TransformerDecoder, activation="sigmoid"), (5, 8), BLOCK_FAULTS | FUTURE_SEEN
    ),
    "TransformerDecoder, normalizing first": case(
        block(TransformerDecoder, normalize_first=True), (5, 8), BLOCK_FAULTS
    ),
}
