"""Attention and Transformer blocks in Keras, each as one layer of a Sequential model."""

import keras


@keras.saving.register_keras_serializable("dlkit")
class SelfAttention(keras.layers.MultiHeadAttention):
    """Keras's attention of a sequence to itself (the twin of `dlkit.layers.MultiHeadAttention`).

    Parameters
    ----------
    num_heads, key_dim, **kwargs
        As in Keras.
    causal : bool
        Whether time step t looks at the steps 0 … t only.
    """

    def __init__(self, num_heads, key_dim, causal=False, **kwargs):
        super().__init__(num_heads, key_dim, **kwargs)
        self.causal = causal

    def build(self, input_shape):
        """Create the weights for inputs of shape (batch, time, features)."""
        super().build(input_shape, input_shape)

    def call(self, x, mask=None, training=None):
        """Return what each time step found; a mask hides time steps as queries and as keys."""
        masks = {} if mask is None else {"value_mask": mask, "attention_mask": mask[:, :, None]}
        return super().call(x, x, **masks, training=training, use_causal_mask=self.causal)

    def compute_output_spec(self, x, mask=None, training=None):
        """Return shape and dtype of the result."""
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Return the shape of the result, which is that of the input."""
        return input_shape

    def get_config(self):
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "causal": self.causal}


@keras.saving.register_keras_serializable("dlkit")
class TransformerEncoder(keras.layers.Layer):
    """Attention and a network per time step (the twin of `dlkit.layers.TransformerEncoder`).

    Parameters
    ----------
    intermediate_dim, num_heads, dropout, activation, normalize_first, layer_norm_epsilon
    kernel_initializer, bias_initializer
        As in `dlkit.layers.TransformerEncoder`.
    seed : int or None
        Of the three dropouts.
    """

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
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.intermediate_dim, self.num_heads, self.dropout = intermediate_dim, num_heads, dropout
        self.activation = keras.activations.get(activation)
        self.normalize_first, self.layer_norm_epsilon = normalize_first, layer_norm_epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed, self.supports_masking = seed, True

    def build(self, input_shape):
        """Create and build the layers inside."""
        features, dtype = input_shape[-1], self.dtype_policy
        maps = {"dtype": dtype}
        for name in ("kernel_initializer", "bias_initializer"):
            maps[name] = keras.initializers.serialize(getattr(self, name))

        def parts(name):
            return (
                keras.layers.Dropout(
                    self.dropout, seed=self.seed, dtype=dtype, name=f"{name}_dropout"
                ),
                keras.layers.LayerNormalization(
                    epsilon=self.layer_norm_epsilon, dtype=dtype, name=f"{name}_norm"
                ),
            )

        attention = SelfAttention(
            self.num_heads,
            features // self.num_heads,
            causal=self.causal,
            dropout=self.dropout,
            seed=self.seed,
            name="self_attention",
            **maps,
        )
        hidden = keras.layers.Dense(
            self.intermediate_dim, self.activation, name="feedforward_intermediate", **maps
        )
        output = keras.layers.Dense(features, name="feedforward_output", **maps)
        # In the order of dlkit's layer, so that the weights go over one by one.
        self.layers = [attention, *parts("self_attention"), hidden, output, *parts("feedforward")]
        for layer in self.layers:
            wide = (*input_shape[:-1], self.intermediate_dim)
            layer.build(wide if layer is output else input_shape)

    def call(self, x, mask=None, training=None):
        """Return the block's output, (batch, time, features)."""
        attention, dropout, norm, hidden, output, last_dropout, last_norm = self.layers
        first = self.normalize_first
        branch = attention(norm(x) if first else x, mask=mask, training=training)
        z = x + dropout(branch, training=training)
        z = z if first else norm(z)
        branch = output(hidden(last_norm(z) if first else z))
        y = z + last_dropout(branch, training=training)
        return y if first else last_norm(y)

    def compute_output_shape(self, input_shape):
        """Return the shape of the result, which is that of the input."""
        return input_shape

    def get_config(self):
        """Return what `from_config` needs to build the layer again."""
        names = ("intermediate_dim", "num_heads", "dropout", "normalize_first")
        own = {name: getattr(self, name) for name in (*names, "layer_norm_epsilon", "seed")}
        return {
            **super().get_config(),
            **own,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


@keras.saving.register_keras_serializable("dlkit")
class TransformerDecoder(TransformerEncoder):
    """A `TransformerEncoder` that is causal (the twin of `dlkit.layers.TransformerDecoder`)."""

    causal = True
