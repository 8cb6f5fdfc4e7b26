"""Every layer agrees with PyTorch's, and where it has its own with JAX's: outputs and gradients."""

import numpy as np
import peers
import pytest
from layer_peers import JAX_TWINS, ROWS, attention_weights
from peers import by_jax, by_torch, jax, needs_jax, needs_torch, torch

from dlkit.layers import LAYERS, MultiHeadAttention, TransformerDecoder

TOLERANCE = 1e-10
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 10))]


def prepare(name, seed):
    row, generator = ROWS[name], np.random.default_rng(seed)
    layer = row.make()
    layer.build(row.input_shape, generator, "float64")
    for array in layer.parameters.values():
        array[...] = generator.normal(0, 0.5, array.shape)
    x = row.inputs(generator, (3, *row.input_shape))
    upstream = generator.normal(size=(3, *layer.output_shape))
    return layer, x, upstream


def run(layer, x, upstream):
    """Return output, input's gradient, and the parameters' gradients, after a step of training."""
    y = layer.forward(x, training=True)
    gradient = layer.backward(upstream)
    return [y.copy(), gradient.copy(), *(each.copy() for each in layer.gradients.values())]


def differences(found, y, gradients):
    wanted = [np.zeros(f.shape) if g is None else g for f, g in zip(found[1:], gradients)]
    assert len(wanted) == len(gradients)
    return peers.worst(zip(found, [y, *wanted]))


def test_the_table_has_every_layer():
    assert {name.split(",")[0] for name in ROWS} == set(LAYERS)


@needs_torch
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_pytorch(name, seed):
    layer, x, upstream = prepare(name, seed)
    found = run(layer, x, upstream)

    def twin(x, *tensors):
        return ROWS[name].twin(x, dict(zip(layer.parameters, tensors)))

    y, gradients = by_torch(twin, [x, *layer.parameters.values()], upstream)
    assert differences(found, y, gradients) <= TOLERANCE


@needs_jax
@pytest.mark.parametrize("name", JAX_TWINS)
def test_agrees_with_jax(name):
    layer, x, upstream = prepare(name, 0)
    found = run(layer, x, upstream)

    def twin(x, *arrays):
        return JAX_TWINS[name](x, dict(zip(layer.parameters, arrays)))

    y, gradients = by_jax(twin, [x, *layer.parameters.values()], upstream)
    assert differences(found, y, gradients) <= TOLERANCE


def cross_inputs(layer_inputs=(3, 5, 4), context=(3, 7, 5)):
    generator = np.random.default_rng(4)
    return generator.normal(size=layer_inputs), generator.normal(size=context), generator


@needs_torch
def test_attention_to_another_sequence_agrees_with_pytorch():
    """Cross-attention with padded keys: output, weights and all gradients."""
    query, context, generator = cross_inputs((3, 5, 6), (3, 7, 6))
    padding = np.arange(7) < np.array([[7], [4], [1]])
    layer = MultiHeadAttention(2, 3)
    layer.forward(query, context)
    for array in layer.parameters.values():
        array[...] = generator.normal(0, 0.5, array.shape)
    y = layer.forward(query, context, padding_mask=padding)
    upstream = generator.normal(size=y.shape)
    layer.backward(upstream)
    module = torch.nn.MultiheadAttention(6, 2, batch_first=True).double()
    seen = {}

    def twin(query, context, *tensors):
        own = attention_weights(dict(zip(layer.parameters, tensors)), "", "")
        options = {"key_padding_mask": torch.tensor(~padding), "average_attn_weights": False}
        arguments = (query, context, context)
        result, seen["weights"] = torch.func.functional_call(module, own, arguments, options)
        return result

    arrays = [query, context, *layer.parameters.values()]
    expected, gradients = by_torch(twin, arrays, upstream)
    found = [layer.query_gradient, layer.context_gradient, *layer.gradients.values()]
    pairs = [(y, expected), (layer.weights, seen["weights"].detach().numpy())]
    assert peers.worst([*pairs, *zip(found, gradients, strict=True)]) <= TOLERANCE


@needs_torch
@pytest.mark.parametrize("normalize_first", [False, True])
def test_a_decoder_with_a_context_agrees_with_pytorch(normalize_first):
    x, context, generator = cross_inputs((3, 5, 4), (3, 7, 4))
    layer = TransformerDecoder(6, 2, dropout=0.0, normalize_first=normalize_first)
    layer.forward(x, context)
    for array in layer.parameters.values():
        array[...] = generator.normal(0, 0.5, array.shape)
    y = layer.forward(x, context)
    upstream = generator.normal(size=y.shape)
    gradient = layer.backward(upstream)
    module = torch.nn.TransformerDecoderLayer(
        4, 2, 6, dropout=0.0, batch_first=True, norm_first=normalize_first
    ).double()

    def twin(x, context, *tensors):
        p = dict(zip(layer.parameters, tensors))
        own = attention_weights(p, "self_attention/", "self_attn.")
        own |= attention_weights(p, "cross_attention/", "multihead_attn.")
        for theirs, ours in (("linear1", "intermediate"), ("linear2", "output")):
            own[f"{theirs}.weight"] = p[f"feedforward_{ours}/kernel"].T
            own[f"{theirs}.bias"] = p[f"feedforward_{ours}/bias"]
        for i, ours in enumerate(("self_attention", "cross_attention", "feedforward"), 1):
            own[f"norm{i}.weight"] = p[f"{ours}_norm/gamma"]
            own[f"norm{i}.bias"] = p[f"{ours}_norm/beta"]
        mask = torch.ones(5, 5, dtype=torch.bool).triu(1)
        return torch.func.functional_call(module, own, (x, context), {"tgt_mask": mask})

    expected, gradients = by_torch(twin, [x, context, *layer.parameters.values()], upstream)
    found = [gradient, layer.context_gradient, *layer.gradients.values()]
    assert peers.worst([(y, expected), *zip(found, gradients, strict=True)]) <= TOLERANCE


@needs_jax
def test_jax_computes_in_float64():
    assert jax.numpy.ones(1).dtype == np.float64
