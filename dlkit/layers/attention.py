"""MultiHeadAttention: each time step looks at the others, and takes from them what it needs."""

import numpy as np

from dlkit import checks, initializers, regularizers
from dlkit.layers import side_by_side, sliding
from dlkit.layers.attend import attend, attend_gradients, scores_are_small
from dlkit.layers.composite import Composite
from dlkit.layers.dense import Dense
from dlkit.layers.masking import check_attention_mask, check_mask, check_sequences, hidden_places

NAMES = ("query", "key", "value", "attention_output")


class MultiHeadAttention(Composite):
    """y = concat_h(softmax(Q_h K_hᵀ / √key_dim) V_h) W + b: several attentions side by side.

    Q_h, K_h and V_h are linear in query, key and value, with weights of their own for each head h
    (Vaswani et al. 2017, section 3.2.2). In a network all three are x: self-attention. Used alone,
    value and key may be another sequence: cross-attention. The formula and its gradients stand in
    ``dlkit/layers/attend.py``.

    Parameters
    ----------
    num_heads : int
        How many attentions; each has weights of its own.
    key_dim : int
        The length of the queries and keys of a head.
    value_dim : int, optional
        The length of the values of a head; by default key_dim.
    dropout : float
        The share of the weights that is switched off in training; 0 or more, below 1.
    use_bias : bool
    causal : bool
        Whether time step t looks at the steps 0 … t only (Keras: ``use_causal_mask`` in the call).
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer
        Of all four linear maps, as in `Dense`.
    name, seed
        See `Layer`. Inputs are (batch, time, features), and so are outputs.

    Attributes
    ----------
    weights : numpy.ndarray
        (batch, heads, queries, keys), of the last ``forward``, before dropout: rows sum to 1.
    queries, keys, values : numpy.ndarray
        (batch, time, heads, length), of the last ``forward``.
    query_gradient, key_gradient, value_gradient : numpy.ndarray
        ∂loss/∂ each argument of the last ``forward``; None in self-attention, where ``backward``
        returns their sum.
    context_gradient : numpy.ndarray
        The sum of the last two where one other sequence was both value and key; otherwise None.
    parameters : dict
        Of the linear maps ``query key value attention_output``: ``"query/kernel"`` (features,
        heads · key_dim) and so on. Keras has an axis for the heads: (features, heads, key_dim).

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Notes
    -----
    Where a mask hides every key from a query, its weights are all 1 / keys, as in Keras: finite, and
    without a gradient to the scores. Such a query is padding itself.
    """

    takes_mask = True
    supports_masking = True

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        causal=False,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        name=None,
        seed=0,
    ):
        self.start(name, seed)
        self.num_heads = checks.whole_number("num_heads", num_heads)
        self.key_dim = checks.whole_number("key_dim", key_dim)
        value_dim = self.key_dim if value_dim is None else value_dim
        self.value_dim = checks.whole_number("value_dim", value_dim)
        self.dropout = checks.number("dropout", dropout, minimum=0, below=1)
        self.use_bias = checks.truth_value("use_bias", use_bias)
        self.causal = checks.truth_value("causal", causal)
        self.options = {
            name: checks.named(name, get, value)
            for name, get, value in (
                ("kernel_initializer", initializers.get, kernel_initializer),
                ("bias_initializer", initializers.get, bias_initializer),
                ("kernel_regularizer", regularizers.get, kernel_regularizer),
                ("bias_regularizer", regularizers.get, bias_regularizer),
            )
        }
        self.key_shape = self.value_shape = None  # of one sample, where they are not the query's
        self.shares = self.context_gradient = None

    @property
    def weights(self):
        """The weights of the last ``forward``, (batch, heads, queries, keys); None before it."""
        return None if self.shares is None else self.shares / self.sums

    @property
    def uses_random(self):
        """Whether there is dropout."""
        return self.dropout > 0

    def output_shape_for(self, input_shape):
        return sliding.check_axes(self.name, input_shape, 2)

    def create(self, input_shape):
        lengths = [self.num_heads * each for each in (self.key_dim, self.key_dim, self.value_dim)]
        self.adopt(
            [
                Dense(units, use_bias=self.use_bias, name=name, **self.options)
                for name, units in zip(NAMES, (*lengths, input_shape[-1]), strict=True)
            ]
        )
        heads = (input_shape[0], lengths[-1])
        shapes = (input_shape, self.key_shape or input_shape, self.value_shape or input_shape)
        for layer, shape in zip(self.layers, (*shapes, heads), strict=True):
            layer.build(shape, dtype=self.dtype)
        self.collect()

    def forward(
        self,
        query,
        value=None,
        key=None,
        padding_mask=None,
        attention_mask=None,
        training=False,
    ):
        """Return what each query found.

        Parameters
        ----------
        query : array_like
            (batch, queries, features), finite numbers.
        value : array_like, optional
            (batch, keys, features of its own): where to look; by default the query (self-attention).
        key : array_like, optional
            (batch, keys, features of its own): what to compare with; by default the value.
        padding_mask : array_like, optional
            (batch, keys), False where a key is padding. (In a network the mask of the sequence hides
            the queries at these time steps as well, as in Keras.)
        attention_mask : array_like, optional
            (queries, keys), (batch, queries, keys) or (batch, heads, queries, keys): False where a
            query must not look at a key. All masks hold together, ``causal`` among them.
        training : bool
            Whether dropout drops.

        Returns
        -------
        numpy.ndarray
            (batch, queries, features of the query).

        Raises
        ------
        TypeError, ValueError
            If an argument is wrong, or the arguments do not fit each other.
        """
        training = checks.truth_value("training", training)
        given = check_sequences(query, value, key)
        batch, time, keys = len(given[0]), given[0].shape[1], given[2].shape[1]
        padding_mask = check_mask("padding_mask", padding_mask, (batch, keys))
        axes = (batch, self.num_heads, time, keys)
        attention_mask = check_attention_mask(attention_mask, axes)
        if not self.built:
            self.value_shape, self.key_shape = given[1].shape[1:], given[2].shape[1:]
            dtype = "float64" if given[0].dtype == np.float64 else "float32"
            self.build(given[0].shape[1:], dtype=dtype)
        query, value, key = self.check_features(given)
        self._output_shape_seen = query.shape
        masks = {"key_mask": padding_mask, "attention_mask": attention_mask}
        return self.look(query, key, value, training, **masks)

    def check_features(self, given):
        """Return query, value and key in this layer's dtype, if it can take their features."""
        widths = {name: layer.input_shape[-1] for name, layer in zip(NAMES, self.layers)}
        found = {}
        for name, array in zip(("query", "value", "key"), given):
            shape = (None, None, widths[name])
            found[id(array)] = checks.array(name, array, shape=shape, dtype=self.dtype)
        return [found[id(array)] for array in given]

    def compute_output(self, x, training, mask=None, context=None, context_mask=None):
        """As in `Layer`: x looks at itself, or at a context, unchecked; the masks are theirs."""
        if context is None:
            context, context_mask = x, mask
        return self.look(x, context, context, training, query_mask=mask, key_mask=context_mask)

    def look(
        self, query, key, value, training, query_mask=None, key_mask=None, attention_mask=None
    ):
        """Return the output for checked inputs; masks as in ``forward``, of the queries too."""
        batch = len(query)
        self.one_context, self.self_attention = key is value, key is query and value is query
        self.queries, self.keys, self.values = self.project(query, key, value)
        shape = (batch, self.num_heads, query.shape[1], key.shape[1])
        self.hidden = hidden_places(shape[2:], self.causal, query_mask, key_mask, attention_mask)
        self.kept = None
        if training and self.dropout:
            keep = self.random.random(shape, dtype=np.float32) >= self.dropout
            self.kept = keep * self.dtype.type(1 / (1 - self.dropout))
        self.shares = self.workspace("shares", shape)
        self.sums = self.workspace("sums", (*shape[:-1], 1))
        size = (batch, shape[2], self.num_heads, self.value_dim)
        self.results = self.workspace("results", size)
        small = self.hidden is None and scores_are_small(self.queries, self.keys)
        for n in range(batch):  # one sample at a time: its weights stay in the processor's cache
            q, k, v, hidden, kept = self.sample(n)
            result, _, self.sums[n] = attend(q, k, v, hidden, kept, small, out=self.shares[n])
            self.results[n] = result.swapaxes(0, 1)
        y = self.layers[-1].compute_output(self.results.reshape(batch, shape[2], -1), training)
        return y if self.in_network else y.copy()

    def compute_gradients(self, upstream):
        upstream = (
            self.layers[-1]
            .compute_gradients(upstream)
            .reshape(len(upstream), -1, self.num_heads, self.value_dim)
        )
        if self.self_attention:
            joined = self.workspace("deltas", self.joined.shape)
            deltas = self.split(joined)
        else:
            arrays = zip(NAMES, (self.queries, self.keys, self.values), strict=False)
            deltas = [self.workspace(f"{name}_delta", array.shape) for name, array in arrays]
        for n in range(len(upstream)):
            q, k, v, hidden, kept = self.sample(n)
            above, result = upstream[n].swapaxes(0, 1), self.results[n].swapaxes(0, 1)
            forward = result, self.shares[n], self.sums[n]
            found = attend_gradients(above, q, k, v, forward, hidden, kept)
            for delta, gradient in zip(deltas, found, strict=True):
                delta[n] = gradient.swapaxes(0, 1)
        if self.self_attention:
            self.query_gradient = self.key_gradient = self.value_gradient = None
            self.context_gradient = None
            out = self.workspace("input_gradient", self.x.shape)
            return side_by_side.linear_gradients(self.layers[:3], self.x, joined, out)
        self.query_gradient, self.key_gradient, self.value_gradient = (
            layer.linear_gradients(delta.reshape(*delta.shape[:2], -1))
            for layer, delta in zip(self.layers, deltas, strict=False)
        )
        both = self.key_gradient + self.value_gradient if self.one_context else None
        self.context_gradient = both
        return self.query_gradient

    def project(self, query, key, value):
        """Return Q, K and V of all heads, (batch, time, heads, length)."""
        if self.self_attention:
            units = sum(layer.units for layer in self.layers[:3])
            out = self.workspace("joined", (*query.shape[:2], units))
            self.x, self.joined = query, side_by_side.linear(self.layers[:3], query, out)
            return self.split(self.joined)
        return [
            layer.linear(x).reshape(*x.shape[:2], self.num_heads, -1)
            for layer, x in zip(self.layers, (query, key, value), strict=False)
        ]

    def split(self, joined):
        """Return views of the parts for Q, K and V in an array where they stand side by side."""
        ends = np.cumsum([layer.units for layer in self.layers[:2]])
        parts = np.split(joined, ends, axis=-1)
        return [each.reshape(*each.shape[:2], self.num_heads, -1) for each in parts]

    def sample(self, n):
        """Return Q, K and V of one sample, (heads, time, length), what is hidden, and dropout's."""
        q, k, v = (array[n].swapaxes(0, 1) for array in (self.queries, self.keys, self.values))
        hidden = None if self.hidden is None else self.hidden[n % len(self.hidden)]
        return q, k, v, hidden, None if self.kept is None else self.kept[n]

    def get_config(self):
        names = ("num_heads", "key_dim", "value_dim", "dropout", "use_bias", "causal")
        own = {name: getattr(self, name) for name in names}
        options = {name: each and each.get_config() for name, each in self.options.items()}
        return {"name": self.name, **own, **options}
