"""TransformerEncoder: attention, and a small network for each time step, each with a short cut."""

from dlkit import activations, checks, initializers
from dlkit.layers import sliding
from dlkit.layers.attention import MultiHeadAttention
from dlkit.layers.composite import Composite
from dlkit.layers.dense import Dense
from dlkit.layers.dropout import Dropout
from dlkit.layers.masking import MaskedLayer
from dlkit.layers.normalization import LayerNormalization
from dlkit.layers.short_cut import ShortCut


class TransformerEncoder(MaskedLayer, Composite):
    """Self-attention, then a network of two layers for each time step, both with a short cut.

    With ``normalize_first`` z = x + dropout(attention(norm(x))) and
    y = z + dropout(W₂ f(W₁ norm(z) + b₁) + b₂); without, z = norm(x + dropout(attention(x))) and
    y = norm(z + dropout(W₂ f(W₁ z + b₁) + b₂)) (Vaswani et al. 2017, section 3.1).

    Parameters
    ----------
    intermediate_dim : int
        The number of hidden units of the network per time step.
    num_heads : int
        Of the attention; must divide the features.
    dropout : float
        On the attention's weights and on both branches; 0 or more, below 1. (KerasHub's default is
        0, the paper's 0.1.)
    activation : str, Activation or None
        f.
    normalize_first : bool
        Which of the two; the models of `dlkit.models` normalize first.
    layer_norm_epsilon : float
        Added to the variance in both normalizations; above 0.
    kernel_initializer, bias_initializer : str or Initializer
        Of all linear maps.
    name, seed
        See `Layer`. Inputs are (batch, time, features), and so are outputs. Arguments are KerasHub's.

    Attributes
    ----------
    attention : MultiHeadAttention
        With its ``weights``; None before the layer is built.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or num_heads does not divide the features.
    """

    supports_masking = True
    causal = False

    def __init__(
        self,
        intermediate_dim,
        num_heads,
        dropout=0.1,
        activation="relu",
        normalize_first=False,
        layer_norm_epsilon=1e-5,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        name=None,
        seed=0,
    ):
        self.start(name, seed)
        self.intermediate_dim = checks.whole_number("intermediate_dim", intermediate_dim)
        self.num_heads = checks.whole_number("num_heads", num_heads)
        self.dropout = checks.number("dropout", dropout, minimum=0, below=1)
        self.activation = activations.get(activation)
        self.normalize_first = checks.truth_value("normalize_first", normalize_first)
        self.layer_norm_epsilon = checks.number("layer_norm_epsilon", layer_norm_epsilon, above=0)
        self.options = {
            name: checks.named(name, initializers.get, value)
            for name, value in (
                ("kernel_initializer", kernel_initializer),
                ("bias_initializer", bias_initializer),
            )
        }
        self.attention = None

    def output_shape_for(self, input_shape):
        _, features = sliding.check_axes(self.name, input_shape, 2)
        if features % self.num_heads:
            raise ValueError(
                f"{self.name} needs a number of features that num_heads={self.num_heads} divides, "
                f"but got {features}. Put a Dense layer with such a number of units before it."
            )
        return input_shape

    def create(self, input_shape):
        self.attention = self.new_attention("self_attention", input_shape, causal=self.causal)
        steps = [self.short_cut("self_attention", [self.attention])]
        steps += self.other_steps(input_shape)
        hidden = Dense(
            self.intermediate_dim, self.activation, name="feedforward_intermediate", **self.options
        )
        output = Dense(input_shape[-1], name="feedforward_output", **self.options)
        self.steps = [*steps, self.short_cut("feedforward", [hidden, output])]
        self.adopt(
            [each for step in self.steps for each in (*step.layers, step.dropout, step.norm)]
        )
        for layer in self.layers:
            shape = (input_shape[0], self.intermediate_dim) if layer is output else input_shape
            layer.build(shape, dtype=self.dtype)
        self.collect()

    def other_steps(self, input_shape):
        """Return what stands between self-attention and the network per time step."""
        return []

    def new_attention(self, name, input_shape, causal=False):
        """Return an attention whose heads share the features among them."""
        size = input_shape[-1] // self.num_heads
        return MultiHeadAttention(
            self.num_heads, size, dropout=self.dropout, causal=causal, name=name, **self.options
        )

    def short_cut(self, name, layers):
        """Return layers with dropout, normalization and the short cut around them."""
        dropout = Dropout(self.dropout, name=f"{name}_dropout")
        norm = LayerNormalization(self.layer_norm_epsilon, name=f"{name}_norm")
        return ShortCut(layers, dropout, norm, self.normalize_first)

    def compute_output(self, x, training, mask=None):
        attend, feed_forward = self.steps
        z = attend.forward(x, training, mask=mask)
        return feed_forward.forward(z, training)

    def compute_gradients(self, upstream):
        attend, feed_forward = self.steps
        return attend.backward(feed_forward.backward(upstream))

    def get_config(self):
        names = ("intermediate_dim", "num_heads", "dropout")
        return {
            "name": self.name,
            **{name: getattr(self, name) for name in names},
            "activation": self.activation.get_config(),
            "normalize_first": self.normalize_first,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            **{name: each.get_config() for name, each in self.options.items()},
        }
