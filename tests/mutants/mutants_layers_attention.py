"""Faults in attention and Transformer blocks: √d, masks off by one, heads mixed, short cuts lost."""

from mutant import Mutant


def layer(entry):
    """Return a maker of mutants for one layer."""

    def fault(place, find, replace, why, *more):
        return Mutant(entry, f"dlkit/layers/{place}", find, replace, why, more)

    return fault


attention, encoder = layer("MultiHeadAttention"), layer("TransformerEncoder")
decoder = layer("TransformerDecoder")
ATTEND, BACK = "attend.py: attend", "attend.py: attend_gradients"
LOOK, HIDDEN = "attention.py: MultiHeadAttention.look", "masking.py: hidden_places"
GRADIENTS = "attention.py: MultiHeadAttention.compute_gradients"
FORWARD, BACKWARD = "short_cut.py: ShortCut.forward", "short_cut.py: ShortCut.backward"

MUTANTS = [
    attention(ATTEND, "query / math.sqrt(d)", "query", "√d missing (cntkx#10)"),
    attention(ATTEND, "query / math.sqrt(d)", "query / d", "d for √d"),
    attention(ATTEND, "query / math.sqrt(d)", "query * math.sqrt(d)", "times √d (perceiver-io#9)"),
    attention(
        ATTEND,
        "d = query.shape[-1]",
        "d = query.shape[-1] * query.shape[-3]",
        "√ of all the features, not of one head's (vit-pytorch#65)",
    ),
    attention(
        ATTEND,
        "sums = shares @ np.ones((key.shape[-2], 1), shares.dtype)",
        "sums = shares.sum(axis=-2)[..., :1, np.newaxis] + 0 * shares[..., :1]",
        "sums over the queries",
    ),
    attention(BACK, "key / root", "key", "√d lost in the queries' gradient"),
    attention(
        BACK,
        '    delta -= np.einsum("...qv,...qv->...q", upstream, result)[..., np.newaxis]\n',
        "",
        "diagonal of the softmax alone",
    ),
    attention(
        BACK,
        "shares if kept is None else shares * kept",
        "shares",
        "dropout lost in the values' gradient",
    ),
    attention(
        HIDDEN,
        "np.tri(*shape, dtype",
        "np.tri(*shape, k=1, dtype",
        "causal mask off by one: sees the next step",
    ),
    attention(
        HIDDEN,
        "np.tri(*shape, dtype",
        "np.tri(*shape, k=-1, dtype",
        "causal mask off by one: does not see itself",
    ),
    attention(
        HIDDEN,
        "np.tri(*shape, dtype=bool)",
        "~np.tri(*shape, dtype=bool)",
        "causal mask inverted (LLMs-from-scratch#1062)",
    ),
    attention(
        HIDDEN,
        "if causal:",
        "if causal and shown:",
        "causal mask skipped without another (xformers#103)",
    ),
    attention(
        LOOK,
        "hidden_places(shape[2:], self.causal,",
        "hidden_places(shape[2:], self.causal and not (training and self.dropout),",
        "causal mask dropped where dropout is (keras#23038)",
    ),
    attention(
        LOOK,
        "result.swapaxes(0, 1)",
        "result.reshape(self.results[n].shape)",
        "heads joined without moving their axis",
    ),
    attention(
        "side_by_side.py: linear_gradients",
        'np.matmul(rows, joined(layers, "kernel").T',
        'np.matmul(rows[:, : layers[0].units], layers[0].parameters["kernel"].T',
        "keys' and values' gradient lost in self-attention",
    ),
    encoder(FORWARD, "y = x + self", "y = self", "no short cut"),
    encoder(
        FORWARD,
        "if self.normalize_first else x",
        "if not self.normalize_first else x",
        "normalized twice, or never",
    ),
    encoder(
        BACKWARD, "return delta + branch", "return branch", "short cut lost in the backward pass"
    ),
    encoder(
        BACKWARD,
        "delta = upstream if self.normalize_first else self.norm.compute_gradients(upstream)",
        "delta = upstream",
        "norm behind the sum lost in the backward pass",
    ),
    encoder(
        "transformer_encoder.py: TransformerEncoder.compute_output",
        "mask=mask)",
        "mask=None)",
        "padding mask not handed on",
    ),
    encoder(
        "transformer_encoder.py: TransformerEncoder.create",
        "self.intermediate_dim, self.activation,",
        "self.intermediate_dim, None,",
        "activation left out",
    ),
    encoder(
        "transformer_encoder.py: TransformerEncoder.short_cut",
        "self.layer_norm_epsilon",
        "0.001",
        "epsilon not handed on",
    ),
    encoder(
        "transformer_encoder.py: TransformerEncoder",
        "causal = False",
        "causal = True",
        "an encoder that sees the past alone",
    ),
    decoder(
        "transformer_decoder.py: TransformerDecoder",
        "causal = True",
        "causal = False",
        "a decoder that sees the future (transformers#48745)",
    ),
    decoder(
        "transformer_decoder.py: TransformerDecoder.other_steps",
        '("cross_attention", input_shape)',
        '("cross_attention", input_shape, causal=True)',
        "cross-attention causal too",
    ),
    decoder(
        "transformer_decoder.py: TransformerDecoder.compute_output",
        '"context_mask": context_mask',
        '"context_mask": None',
        "padding of the context looked at",
    ),
    decoder(
        GRADIENTS,
        "self.key_gradient + self.value_gradient",
        "self.value_gradient",
        "keys' gradient to the context lost",
    ),
    decoder(
        "transformer_decoder.py: TransformerDecoder.compute_output",
        "feed_forward.forward(z, training)",
        "feed_forward.forward(x, training)",
        "cross-attention bypassed",
    ),
]
