"""Every layer of the registry crosses over to Keras and back; what cannot cross is named."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_layers import EXAMPLES, example

from dlkit import Network, activations, layers
from dlkit.keras.layer_twins import _WITHOUT_EFFECT, TWINS, network_layer
from dlkit.layers import LAYERS, BatchNormalization, LayerNormalization

# Keras rounds constants to float32, so that only those that are exact in binary allow 1e-12.
EXACT = {"epsilon": 2.0**-10, "momentum": 0.75}
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}
# Where Keras's own constants are rounded, whatever one chooses: layer -> what float64 can reach.
LIMITS = {
    "Activation": 1e-8,  # gelu: the root of 2 in float32
    **dict.fromkeys(  # 1 / sqrt(key_dim) in float32, unless key_dim is a power of 4
        ("MultiHeadAttention", "TransformerEncoder", "TransformerDecoder"), 2e-7
    ),
}


def exact(layer):
    """Give a layer, and those inside it, constants that are exact in binary."""
    for each in (layer, *_inside(layer)):
        for name, value in EXACT.items():
            if hasattr(each, name) and isinstance(getattr(each, name), float):
                setattr(each, name, value)
    return layer


def _inside(layer):
    found = []
    for value in vars(layer).values():
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, layers.Layer):
                found += [each, *_inside(each)]
    return found


def built(name, dtype):
    """Return a network of one layer with its example's input, its weights off their usual start."""
    layer, x = example(name)
    network = Network([exact(layer)], x.shape[1:], seed=4, dtype=dtype)
    generator = np.random.default_rng(5)
    network.flat_parameters[...] = generator.normal(0, 0.5, network.flat_parameters.size)
    for array in network.state.values():
        array[...] = generator.uniform(0.5, 1.5, array.shape)
    return network, x.astype(dtype)


def relative(found, expected):
    """Return the largest difference, relative to the largest value.

    Or to 0.1, where all are smaller: the gradient of a key's bias is nothing but rounding.
    """
    expected = np.asarray(expected, "float64")
    assert found.shape == expected.shape
    return np.abs(found - expected).max(initial=0) / max(np.abs(expected).max(initial=0), 0.1)


def test_every_layer_has_a_twin():
    missing = sorted(set(LAYERS) - set(TWINS))
    assert not missing, f"{missing}: give each a row in TWINS, dlkit/keras/layer_twins.py"
    assert set(TWINS) <= set(LAYERS)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_crosses_over_with_outputs_gradients_and_state(name, dtype):
    network, x = built(name, dtype)
    model, tolerance = network.to_keras(), max(TOLERANCES[dtype], LIMITS.get(name, 0))
    assert model.outputs[0].dtype == dtype
    # masks of dropout are drawn from different streams: there only inference can agree
    for training in (False,) if network.layers[0].uses_random else (False, True):
        point = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(point)
            expected = model(point, training=training)
            upstream = np.random.default_rng(6).normal(size=expected.shape).astype(dtype)
            total = tf.reduce_sum(expected * upstream)
        wanted = tape.gradient(total, [point, *(v.value for v in model.trainable_variables)])
        assert relative(network.forward(x, training), expected) <= tolerance
        found = network.backward(upstream)
        if wanted[0] is not None:  # whole numbers have no gradient in Keras
            assert relative(found, wanted[0]) <= tolerance
        for mine, theirs in zip(in_keras_order(network, model), wanted[1:], strict=True):
            theirs = tf.convert_to_tensor(theirs)  # for attention with an axis for the heads
            assert relative(mine.reshape(theirs.shape), theirs) <= tolerance
    assert network.regularization_loss() == pytest.approx(float(sum(model.losses)), rel=1e-6)
    back = Network.from_keras(model, seed=4)
    assert back.get_config() == network.get_config()
    for key, array in network.get_weights().items():
        # training has moved the averages on both sides
        assert relative(back.get_weights()[key], array) <= tolerance
    assert relative(back.predict(x), network.predict(x)) <= tolerance


def in_keras_order(network, model):
    """Return the network's gradients in the order of the model's trainable variables."""
    from dlkit.keras.layer_twins import variables_of

    names = {
        id(variable): f"{layer.name}/{name}"
        for layer, twin in zip(network.layers, model.layers, strict=True)
        for name, variable in variables_of(layer, twin).items()
    }
    found = [names[id(variable)] for variable in model.trainable_variables]
    assert sorted(found) == sorted(network.gradients)
    return [network.gradients[name] for name in found]


def test_the_examples_are_made_exact():
    """The walk would prove little in float64 with constants that Keras rounds."""
    for name in EXAMPLES:
        layer = exact(example(name)[0])
        for each in (layer, *_inside(layer)):
            if isinstance(each, BatchNormalization | LayerNormalization):
                assert each.epsilon == EXACT["epsilon"]


# -- Keras's options that dlkit has not ----------------------------------------------------------

# A value for an option of a Keras layer that is not its default; "self" and what every layer has.
UNUSUAL = {
    "activity_regularizer": "l2",
    "kernel_constraint": "non_neg",
    "bias_constraint": "non_neg",
    "recurrent_constraint": "non_neg",
    "beta_constraint": "non_neg",
    "gamma_constraint": "non_neg",
    "embeddings_constraint": "non_neg",
    "data_format": "channels_first",
    "dilation_rate": 2,
    "groups": 2,
    "axis": 1,
    "noise_shape": (1, 3),
    "mask_zero": True,
    "synchronized": True,
    "renorm": True,
    "trainable": False,
    "lora_rank": 2,
    "dropout": 0.5,
    "recurrent_dropout": 0.5,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unit_forget_bias": False,
    "reset_after": False,
    "merge_mode": "sum",
}
# These stand for an option of the row beside them, or change nothing by themselves.
BESIDE = {
    "lora_alpha": "counts with lora_rank alone",
    "renorm_clipping": "counts with renorm alone",
    "renorm_momentum": "counts with renorm alone",
    "quantization_config": "says how weights are stored once they are quantized",
}


def test_every_option_of_every_twin_is_known_refused_or_without_effect():
    """What Keras adds to a layer in a later version is noticed here."""
    missing = []
    for name, kind in TWINS.items():
        if kind.__module__.startswith("dlkit"):
            continue
        known = set(inspect.signature(LAYERS[name]).parameters)
        for option in set(inspect.signature(kind).parameters) - known:
            if option not in UNUSUAL and option not in BESIDE and option not in _WITHOUT_EFFECT:
                missing.append(f"{name}: {option}")
    assert not missing, missing


OPTIONS = [
    (name, option)
    for name, kind in TWINS.items()
    for option in inspect.signature(kind).parameters
    if not kind.__module__.startswith("dlkit")
    and option in UNUSUAL
    and option not in inspect.signature(LAYERS[name]).parameters
    and (name, option) != ("SimpleRNN", "activity_regularizer")  # Keras itself drops it
] + [(name, option) for name in ("Dense", "Flatten") for option in ("trainable",)]
OPTIONS += [("MaxPooling2D", "activity_regularizer"), ("Flatten", "activity_regularizer")]


@pytest.mark.parametrize(("name", "option"), dict.fromkeys(OPTIONS))
def test_an_option_without_a_twin_is_named(name, option):
    if option == "groups":
        network = Network([LAYERS[name](2, 1)], (2,) * (LAYERS[name].axes + 1))
    else:
        network, _ = built(name, "float32")
    config = network.to_keras().layers[0].get_config()
    twin = TWINS[name].from_config({**config, option: UNUSUAL[option], "name": "mine"})
    twin.build((2, *network.input_shape))
    with pytest.raises(
        ValueError, match=rf"'mine' \({name}\) has {option}=.* only .*{option}|axis"
    ):
        network_layer(twin)


def test_an_option_spelt_out_at_its_neutral_value_is_taken():
    layer = keras.layers.Conv2D(
        2, 3, dilation_rate=(1, 1), groups=1, data_format="channels_last", activity_regularizer=None
    )
    model = keras.Sequential([keras.Input((5, 5, 2)), layer])
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 2)).astype("float32")
    np.testing.assert_allclose(Network.from_keras(model).predict(x), model(x), atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            keras.layers.Dense(2, activation=lambda x: x, name="a"),
            r"'a' \(Dense\).*activation must",
        ),
        (keras.layers.Dense(2, "relu6", name="a"), r"'a' \(Dense\).*activation must be one of"),
        (keras.layers.Dense(2, keras.layers.ReLU(6), name="a"), r"'a' \(Dense\).*activation must"),
        (
            keras.layers.Dense(2, kernel_initializer="identity", name="a"),
            r"'a' \(Dense\).*kernel_initializer does not fit",
        ),
        (
            keras.layers.Dense(2, kernel_regularizer="orthogonal_regularizer", name="a"),
            r"'a' \(Dense\).*kernel_regularizer does not fit",
        ),
        (keras.layers.GaussianNoise(0.1, name="a"), r"'a' \(GaussianNoise\).*Converted are Dense"),
        (keras.Sequential([keras.layers.Dense(2)], name="a"), r"'a' \(Sequential\).*Converted are"),
    ],
)
def test_what_has_no_twin_is_named_with_what_is_allowed(layer, words):
    with pytest.raises(ValueError, match=words):
        Network.from_keras(keras.Sequential([keras.Input((3,)), layer]))


def test_a_layer_that_is_used_twice_is_no_chain():
    inputs, shared = keras.Input((3,)), keras.layers.Dense(3)
    with pytest.raises(ValueError, match="one chain"):
        Network.from_keras(keras.Model(inputs, shared(shared(inputs))))


def test_an_activation_without_a_counterpart_is_named():
    class Cube(activations.Activation):
        """f(x) = x³."""

        def forward(self, x, out=None):
            return x**3

        def slope(self, x, y):
            return 3 * x**2

    network = Network([layers.Dense(2, Cube(), name="mine")], (3,))
    with pytest.raises(ValueError, match=r"'mine' \(Dense\).*activation must be one of.*cube"):
        network.to_keras()
