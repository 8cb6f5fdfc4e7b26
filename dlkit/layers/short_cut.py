"""ShortCut: what stands around each part of a Transformer block."""


class ShortCut:
    """y = x + dropout(f(norm(x))), or with the norm behind: y = norm(x + dropout(f(x))).

    The first (``normalize_first``; Xiong et al. 2020) leaves the short cut free from the first block
    to the last and trains without a warm-up; the second is the original (Vaswani et al. 2017).

    Parameters
    ----------
    layers : list of Layer
        f, one after the other; the first may be an attention.
    dropout : Dropout
    norm : LayerNormalization
    normalize_first : bool
    """

    def __init__(self, layers, dropout, norm, normalize_first):
        self.layers, self.dropout, self.norm = layers, dropout, norm
        self.normalize_first = normalize_first

    def forward(self, x, training, **given):
        """Return y; the first of the layers gets what is given, an attention its masks."""
        f = self.norm.compute_output(x, training) if self.normalize_first else x
        first, *others = self.layers
        f = first.compute_output(f, training, **given)
        for layer in others:
            f = layer.compute_output(f, training)
        y = x + self.dropout.compute_output(f, training)
        return y if self.normalize_first else self.norm.compute_output(y, training)

    def backward(self, upstream):
        """Return ∂L/∂x, given ∂L/∂y."""
        delta = upstream if self.normalize_first else self.norm.compute_gradients(upstream)
        branch = self.dropout.compute_gradients(delta)
        for layer in reversed(self.layers):
            branch = layer.compute_gradients(branch)
        if self.normalize_first:
            branch = self.norm.compute_gradients(branch)
        return delta + branch
