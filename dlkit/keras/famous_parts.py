"""What the famous networks are put together from; each part is a function from maps to maps."""

import keras


class Parts:
    """Layers with a multiple of their filters or units, each with the next seed.

    Parameters
    ----------
    width : float
        Multiple of all filters and units; at least 1 of each is left.
    seeds : Seeds
        Where initial weights and dropout come from.
    """

    def __init__(self, width, seeds):
        self.width, self.seeds = width, seeds

    def scaled(self, count):
        """Return a number of filters or units for this width."""
        return max(1, round(count * self.width))

    def convolution(
        self, filters, size, strides=1, *, padding="same", activation="relu", use_bias=True
    ):
        """Return a convolution."""
        return keras.layers.Conv2D(
            self.scaled(filters),
            size,
            strides,
            padding,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=self.seeds.initializer(activation),
        )

    def dense(self, units, activation="relu"):
        """Return a dense layer."""
        initializer = self.seeds.initializer(activation)
        return keras.layers.Dense(self.scaled(units), activation, kernel_initializer=initializer)

    def dropout(self, rate):
        """Return dropout."""
        return keras.layers.Dropout(rate, seed=self.seeds.dropout())

    def halves(self, filters, size):
        """Return two convolutions side by side, each of which sees one half of the maps."""

        def apply(x):
            half = max(1, x.shape[-1] // 2)
            sides = (x[..., :half], x[..., -half:])
            return keras.layers.Concatenate()(
                [self.convolution(filters / 2, size)(side) for side in sides]
            )

        return apply

    def inception(self, one, before_three, three, before_five, five, after_pool):
        """Return a block that looks at 1, 3 and 5 pixels at once; 1 × 1 keeps it cheap."""

        def apply(x):
            pooled = keras.layers.MaxPooling2D(3, 1, padding="same")(x)
            return keras.layers.Concatenate()(
                [
                    self.convolution(one, 1)(x),
                    self.convolution(three, 3)(self.convolution(before_three, 1)(x)),
                    self.convolution(five, 5)(self.convolution(before_five, 1)(x)),
                    self.convolution(after_pool, 1)(pooled),
                ]
            )

        return apply

    def normalized(self, filters, size, strides=1, activation="relu"):
        """Return convolution, batch normalization, activation; the shift stands for the bias."""

        def apply(x):
            x = self.convolution(filters, size, strides, activation=None, use_bias=False)(x)
            return keras.layers.Activation(activation)(keras.layers.BatchNormalization()(x))

        return apply

    def basic_block(self, x, filters, strides):
        """Return relu(f(x) + short cut) with two 3 × 3 convolutions in f."""
        f = self.normalized(filters, 3, strides)(x)
        f = self.normalized(filters, 3, activation="linear")(f)
        return self._joined(x, f, filters, strides)

    def bottleneck_block(self, x, filters, strides):
        """Return relu(f(x) + short cut): f makes x narrow, convolves, and makes it wide again."""
        f = self.normalized(filters, 1)(x)
        f = self.normalized(filters, 3, strides)(f)
        f = self.normalized(4 * filters, 1, activation="linear")(f)
        return self._joined(x, f, 4 * filters, strides)

    def _joined(self, x, f, filters, strides):
        if x.shape != f.shape:  # the short cut must change the shape too
            x = self.normalized(filters, 1, strides, "linear")(x)
        return keras.layers.Activation("relu")(keras.layers.Add()([x, f]))
