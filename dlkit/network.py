"""Network: forward through a stack of layers, backward in reverse order, and training."""

import numpy as np

from dlkit import checks, network_checks
from dlkit.blas import threads_for
from dlkit.layer_stack import LayerStack
from dlkit.layers import masking
from dlkit.layers.base import Layer


class Network(LayerStack):
    """A stack of layers: forward through all of them, and backward in reverse order.

    All parameters stand in one flat buffer and all gradients in another; the layers' kernels and
    biases are views into them. So an optimizer can update everything at once.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the output. Each layer belongs to one network.
    input_shape : tuple of int or int
        The shape of one sample, without the batch.
    seed : int
        Fixes the initial weights and, from a stream of its own, dropout.
    dtype : str
        ``"float32"``, or ``"float64"`` for checks.

    Attributes
    ----------
    flat_parameters, flat_gradients : numpy.ndarray
        The buffers, one axis each.
    segments : list of tuple
        (name, start, stop, shape) of each parameter in the buffers.
    parameters, gradients : dict of str to numpy.ndarray
        Views into the buffers by name, such as ``"dense/kernel"``.
    state : dict of str to numpy.ndarray
        What is kept but not trained, such as ``"batch_normalization/moving_mean"``.
    products, products_at_once : int
        About how many multiplications a sample takes forward, in all; and without those that wait
        for others, as the time steps of a recurrent layer do.
    scores : numpy.ndarray or None
        What the last layer gave to the loss; overwritten by the next batch.
    scores_are_logits : bool
        Whether the last activation was left to the loss, and ``scores`` are what it is given.

    Raises
    ------
    TypeError, ValueError
        If the layers do not fit each other or the input.

    Examples
    --------
    >>> from dlkit.layers import Dense
    >>> network = Network([Dense(16, "relu"), Dense(3, "softmax")], input_shape=(4,))
    >>> network.predict([[5.1, 3.5, 1.4, 0.2]]).shape
    (1, 3)
    """

    def __init__(self, layers, input_shape, seed=0, dtype="float32"):
        super().__init__(layers, input_shape, seed, dtype)
        self.scores = self.batch = self.input_gradient = None
        self.scores_are_logits = False
        self._fusion = (None, None, False)
        each = [layer.products() for layer in self.layers]
        self.products, self.products_at_once = map(sum, zip(*each, strict=True))
        trained = (index for index, layer in enumerate(self.layers) if layer.parameters)
        self._first_trained = next(trained, len(self.layers))
        # asking every layer for a penalty at every step would take longer than most penalties
        plain = Layer.regularization_loss
        self._penalized = [
            layer
            for layer in self.layers
            if layer.regularizers or type(layer).regularization_loss is not plain
        ]

    # -- forward and backward ----------------------------------------------------------------

    def forward(self, x, training=False):
        """Return the outputs.

        Parameters
        ----------
        x : array_like
            (batch, \\*input_shape), finite numbers.
        training : bool
            Whether dropout drops and normalization uses the batch's own statistics.

        Returns
        -------
        numpy.ndarray
            (batch, \\*output_shape), a copy.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit.
        """
        training = checks.truth_value("training", training)
        x = network_checks.check_inputs(self, x)
        with threads_for(self, len(x)):
            return self._run(x, training).copy()

    def _run(self, x, training):
        self.batch = len(x)
        return masking.run(self.layers, x, training)[0]

    def backward(self, upstream):
        """Write all gradients and return that of the input.

        Parameters
        ----------
        upstream : array_like
            ∂loss/∂output of the last ``forward``, (batch, \\*output_shape).

        Returns
        -------
        numpy.ndarray
            ∂loss/∂x, (batch, \\*input_shape), a copy. Regularizers are not part of it.

        Raises
        ------
        RuntimeError
            If ``forward`` has not run yet.
        TypeError, ValueError
            If ``upstream`` does not fit.
        """
        upstream = network_checks.check_upstream(self, upstream)
        with threads_for(self, len(upstream)):
            for layer in reversed(self.layers):
                upstream = layer.compute_gradients(upstream)
        return upstream.copy()

    def loss_and_gradients(self, x, y, loss=None, training=True, check=True, to_input=False):
        """Return the loss of a batch and write the gradients of all parameters.

        A final softmax or sigmoid and its cross-entropy are taken together, on the logits: faster,
        and exact where probabilities would round to 0 or 1. The penalties of regularizers are
        included.

        Parameters
        ----------
        x : array_like
            (batch, \\*input_shape).
        y : array_like
            The truth, as the loss takes it.
        loss : str or Loss, optional
            By default `dlkit.losses.default_loss`.
        training : bool
            As in ``forward``.
        check : bool
            False leaves out the checks of x and y, for a loop that has checked all its data once;
            x must then have the network's dtype, and loss must be a Loss.
        to_input : bool
            Whether to go on to ∂loss/∂x, which is then in ``input_gradient``.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit; nothing has changed then.
        """
        if checks.truth_value("check", check):
            training = checks.truth_value("training", training)
            to_input = checks.truth_value("to_input", to_input)
            x, y, loss = network_checks.check_batch(self, x, y, loss)
        with threads_for(self, len(x)):
            value = self._loss_and_gradients(x, y, loss, training, to_input)
        for layer in self._penalized:
            layer.add_regularization_gradients()
            value += layer.regularization_loss()
        return value

    def _loss_and_gradients(self, x, y, loss, training, to_input):
        scores, loss, fused = self._scores(x, loss, training)
        value, upstream = loss.value_and_gradient(y, scores)
        # below the first layer with parameters nobody needs a gradient
        remaining = self.layers[0 if to_input else self._first_trained :]
        if remaining:
            remaining[0].needs_input_gradient = to_input
            last = remaining[-1]
            upstream = (last.linear_gradients if fused else last.compute_gradients)(upstream)
            for layer in reversed(remaining[:-1]):
                upstream = layer.compute_gradients(upstream)
            remaining[0].needs_input_gradient = True
        self.input_gradient = upstream.copy() if to_input else None
        return value

    def _scores(self, x, loss, training):
        """Run forward; return the scores, the loss that takes them, and whether they are logits."""
        last, (known, taking, fused) = self.layers[-1], self._fusion
        if loss is not known:
            fused = (
                loss.fuses_with == self.output_activation != "linear"
                and not loss.from_logits
                and hasattr(last, "linear_gradients")
            )
            taking = loss.on_logits() if fused else loss
            self._fusion = (loss, taking, fused)
        self.batch = None  # after this ``backward`` would meet a last layer half done
        x, mask = masking.run(self.layers[:-1], x, training)
        self.scores = last.linear(x) if fused else masking.run([last], x, training, mask)[0]
        self.scores_are_logits = fused
        return self.scores, taking, fused

    @property
    def outputs(self):
        """The outputs of the last ``loss_and_gradients``, a copy (None before the first)."""
        if self.scores is None:
            return None
        activation = self.layers[-1].activation if self.scores_are_logits else None
        return self.scores.copy() if activation is None else activation.forward(self.scores)

    def regularization_loss(self):
        """Return the sum of all layers' penalties."""
        return sum(layer.regularization_loss() for layer in self._penalized)

    # -- using it ----------------------------------------------------------------------------

    def predict(self, x, batch_size=1024):
        """Return the outputs for all samples, computed in batches without dropout.

        Parameters
        ----------
        x : array_like
            (samples, \\*input_shape).
        batch_size : int
            How many at once; a matter of memory.

        Returns
        -------
        numpy.ndarray
            (samples, \\*output_shape).

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit.
        """
        batch_size = checks.whole_number("batch_size", batch_size)
        x = network_checks.check_inputs(self, x)
        outputs = np.empty((len(x), *self.output_shape), self.dtype)
        with threads_for(self, min(batch_size, len(x))):
            for start in range(0, len(x), batch_size):
                part = slice(start, start + batch_size)
                outputs[part] = self._run(x[part], False)
        return outputs

    def evaluate(self, x, y, loss=None, batch_size=1024, check=True):
        """Return loss and metric over all samples, without dropout.

        Parameters
        ----------
        x, y, loss, check
            As in ``loss_and_gradients``.
        batch_size : int
            How many samples at once.

        Returns
        -------
        dict
            ``loss`` (penalties included), and ``accuracy`` or ``mae``.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit.
        """
        batch_size = checks.whole_number("batch_size", batch_size)
        if checks.truth_value("check", check):
            x, y, loss = network_checks.check_batch(self, x, y, loss)
        sums = {}
        for start in range(0, len(x), batch_size):
            part = slice(start, start + batch_size)
            with threads_for(self, len(x[part])):
                scores, taking, _ = self._scores(x[part], loss, False)
            value, _ = taking.value_and_gradient(y[part], scores)
            for key, number in {"loss": value, **taking.metrics(y[part], scores)}.items():
                sums[key] = sums.get(key, 0.0) + number * len(scores)
        means = {key: total / len(x) for key, total in sums.items()}
        return means | {"loss": means["loss"] + self.regularization_loss()}

    def fit(
        self,
        x,
        y,
        loss=None,
        optimizer="adam",
        epochs=50,
        batch_size=32,
        learning_rate=0.001,
        validation_data=None,
        callbacks=(),
        early_stopping=False,
        **settings,
    ):
        """Train, wait until it is done, and return the history.

        To pause, step or stop a run, use `TrainingJob`, which this calls.

        Parameters
        ----------
        x, y : array_like
            The training data.
        loss : str or Loss, optional
            By default `dlkit.losses.default_loss`.
        optimizer : str or Optimizer
        epochs, batch_size : int
        learning_rate : float
        validation_data : tuple (x, y), optional
        callbacks : sequence of callable
            Each is called with every record, as ``TrainingJob.add_observer`` says.
        early_stopping : bool
            As in Keras a run goes through all its epochs unless you ask for this.
        **settings
            Further fields of `TrainingConfig`: ``patience``, ``weight_decay``, ``seed`` …

        Returns
        -------
        History
            ``history.history`` as in Keras.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit; nothing has been trained then.
        """
        # Lazily: training stands above the network, and only this one method reaches up to it.
        from dlkit.training.config import TrainingConfig
        from dlkit.training.job import TrainingJob
        from dlkit.training.parts import TrainingParts

        callbacks = network_checks.check_callbacks(callbacks)
        x, y, loss = network_checks.check_batch(self, x, y, loss)
        validation = network_checks.check_validation(self, validation_data, loss)
        parts = TrainingParts(x, y, *validation, task_type=loss.task_type)
        config = TrainingConfig().replace(
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            early_stopping=early_stopping,
            **({"learning_rate": learning_rate} if isinstance(optimizer, str) else {}),
            **{"seed": self.seed, **settings},
        )
        job = TrainingJob(self, parts, config)
        for callback in callbacks:
            job.add_observer(callback)
        job.start()
        job.wait()
        return job.history

    def save(self, path):
        """Write the network to one ``.npz`` file: complete or not at all (see `Network.load`).

        Parameters
        ----------
        path : str or path
            Where to; an existing file is replaced once the new one is safely on the disk.

        Raises
        ------
        TypeError, ValueError
            If ``path`` is no path, or ends as a file of Keras does; `to_keras` and
            ``dlkit.keras.saving.save_model`` write such a file.
        OSError
            If the folder does not exist, or the disk is full; an old file is still there then.
        """
        from dlkit.network_files import save

        save(self, path)

    @classmethod
    def load(cls, path):
        """Return the network that ``save`` wrote.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        Network

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or no network of this kit. Nothing in it is ever executed.
        """
        from dlkit.network_files import load

        return load(path)

    def to_keras(self):
        """Return a Keras model with the same layers and weights."""
        from dlkit.keras.convert import to_keras  # lazily: Keras stands above the network

        return to_keras(self)

    @classmethod
    def from_keras(cls, model, seed=0, input_shape=None):
        """Return a network with the layers, names and weights of a Keras model.

        Parameters
        ----------
        model : keras.Sequential
            Built, one chain of layers that dlkit has too; a functional model may have short cuts
            ``Add([x, f(x)])`` and self-attention in it, as those of `dlkit.models`.
        seed : int
            For dropout and for drawing weights anew.
        input_shape : tuple of int, optional
            Where the model leaves an axis open; by default as many time steps as it has positions.

        Returns
        -------
        Network
            In float64 if the model computes in float64, else in float32.

        Raises
        ------
        TypeError, ValueError
            If a layer, or an option of one, has no counterpart here; the message names both.
        """
        from dlkit.keras.convert import from_keras  # lazily, as in to_keras

        return from_keras(model, seed, input_shape)
