"""TransformerDecoder: an encoder that does not see the future, and may look at another sequence."""

from dlkit import checks
from dlkit.layers.masking import check_mask
from dlkit.layers.transformer_encoder import TransformerEncoder


class TransformerDecoder(TransformerEncoder):
    """A `TransformerEncoder` whose attention is causal, and that may look at another sequence too.

    Causal: time step t looks at the steps 0 … t only, so that the block can learn to write on. With
    a context (what an encoder made of another sequence) a cross-attention follows: its queries are
    the time steps of x, its keys and values those of the context (Vaswani et al. 2017, figure 1):
    u = norm(x + causal attention(x)), z = norm(u + attention(u, context)),
    y = norm(z + W₂ f(W₁ z + b₁) + b₂); with ``normalize_first`` each norm stands before its
    sublayer instead.

    Parameters
    ----------
    intermediate_dim, num_heads, dropout, activation, normalize_first, layer_norm_epsilon
    kernel_initializer, bias_initializer
        As in `TransformerEncoder`.
    context_dim : int, optional
        The features of the context; None for no cross-attention, as in a network. A decoder used
        alone takes them from the context of the first ``forward``.
    name, seed
        See `Layer`.

    Attributes
    ----------
    attention, cross_attention : MultiHeadAttention
        With their ``weights``; None where there is none.
    context_gradient : numpy.ndarray
        ∂loss/∂context after ``backward``; None without a context.
    """

    causal = True

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
        context_dim=None,
        name=None,
        seed=0,
    ):
        super().__init__(
            intermediate_dim,
            num_heads,
            dropout,
            activation,
            normalize_first,
            layer_norm_epsilon,
            kernel_initializer,
            bias_initializer,
            name,
            seed,
        )
        if context_dim is not None:
            context_dim = checks.whole_number("context_dim", context_dim)
        self.context_dim = context_dim
        self.cross_attention = self.context_gradient = None

    def other_steps(self, input_shape):
        self.cross_attention = None
        if self.context_dim is None:
            return []
        self.cross_attention = self.new_attention("cross_attention", input_shape)
        context_shape = (1, self.context_dim)  # the number of time steps stays open
        self.cross_attention.key_shape = self.cross_attention.value_shape = context_shape
        return [self.short_cut("cross_attention", [self.cross_attention])]

    def forward(self, x, context=None, mask=None, context_mask=None, training=False):
        """Return the layer's output.

        Parameters
        ----------
        x : array_like
            (batch, time, features), finite numbers.
        context : array_like, optional
            (batch, time of its own, context_dim).
        mask, context_mask : array_like, optional
            (batch, time) of x and of the context, False where a time step is padding.
        training : bool
            Whether dropout drops.

        Returns
        -------
        numpy.ndarray
            (batch, time, features).

        Raises
        ------
        TypeError, ValueError
            If an argument is wrong, or the layer was built with a context and gets none, or without
            one and gets one.
        """
        training = checks.truth_value("training", training)
        x = checks.array("x", x, ndim=3)
        mask = check_mask("mask", mask, x.shape[:2])
        if context is not None:
            context = checks.array("context", context, ndim=3)
            checks.same_length(x=x, context=context)
            if not self.built and self.context_dim is None:
                self.output_shape_for(x.shape[1:])  # raises before anything changes
                self.context_dim = context.shape[-1]
        if (context is None) != (self.context_dim is None):
            raise ValueError(
                f"context must be {'None' if context is not None else 'an array'} for {self.name}, "
                f"which was made with context_dim={self.context_dim}, but got "
                f"{checks.describe(context)}."
            )
        if context is None and context_mask is not None:
            raise ValueError(
                "context_mask must be None where there is no context, but got "
                f"{checks.describe(context_mask)}."
            )
        x, training = self.check_call(x, training)
        if context is None:
            return self.compute_output(x, training, mask)
        shape = (len(x), None, self.context_dim)
        context = checks.array("context", context, shape=shape, dtype=self.dtype)
        context_mask = check_mask("context_mask", context_mask, context.shape[:2])
        return self.compute_output(x, training, mask, context, context_mask)

    def compute_output(self, x, training, mask=None, context=None, context_mask=None):
        if context is None and self.context_dim is not None:
            raise ValueError(
                f"{self.name} needs a context, which a network cannot give it. Leave context_dim out."
            )
        if context is None:
            return super().compute_output(x, training, mask)
        attend, attend_across, feed_forward = self.steps
        z = attend.forward(x, training, mask=mask)
        across = {"mask": mask, "context": context, "context_mask": context_mask}
        z = attend_across.forward(z, training, **across)
        return feed_forward.forward(z, training)

    def compute_gradients(self, upstream):
        for step in reversed(self.steps):
            upstream = step.backward(upstream)
        if self.cross_attention is not None:
            self.context_gradient = self.cross_attention.context_gradient
        return upstream

    def get_config(self):
        return {**super().get_config(), "context_dim": self.context_dim}
