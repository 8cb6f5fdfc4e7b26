"""The compiled parts of the Keras engine: a chunk of batches, an evaluation, a prediction.

`CompiledProgram` serves the TensorFlow backend: a whole chunk of batches is one call of one
compiled function, which returns the loss of every batch. `PlainProgram` serves every backend
through Keras's own ``train_on_batch`` and ``predict_on_batch``, one batch at a time. Both take the
same arguments and give the same results.
"""

import keras
import numpy as np

from .losses import mixes_softmax_and_sigmoid
from .precision import computing_in

EVALUATION_SIZE = 1024  # samples at once where no gradients are needed


def metric_for(task_type, outputs, from_logits):
    """Return the metric of a task and a function for it, one value per sample.

    Accuracy is the share of right classes (for sequences: of right time steps); ``mae`` is the
    mean over the outputs of ``|y_true - y_pred|``.

    Parameters
    ----------
    task_type : {"classification", "regression"}
    outputs : int
        Length of the last axis of the model's output.
    from_logits : bool
        Whether one single output means a class by its sign, not by the side of 1/2.

    Returns
    -------
    str
        ``"accuracy"`` or ``"mae"``.
    callable
        ``f(y_true, y_pred)`` with tensors of shape (batch, ...), result of shape (batch,).
    """
    ops = keras.ops

    def absolute_error(y_true, y_pred):
        return _per_sample(ops.abs(ops.cast(y_true, y_pred.dtype) - y_pred))

    def accuracy(y_true, y_pred):
        if outputs == 1:
            decided = ops.cast(y_pred > (0.0 if from_logits else 0.5), "int64")
            return _per_sample(decided == ops.cast(y_true, "int64"))
        if len(y_true.shape) == len(y_pred.shape):
            y_true = ops.argmax(y_true, axis=-1)
        decided = ops.cast(ops.argmax(y_pred, axis=-1), "int64")
        return _per_sample(decided == ops.cast(y_true, "int64"))

    if task_type == "regression":
        return "mae", absolute_error
    return "accuracy", accuracy


def _per_sample(values):
    values = keras.ops.cast(values, "float32")
    while len(values.shape) > 1:
        values = keras.ops.mean(values, axis=-1)
    return values


class CompiledProgram:
    """Train and evaluate one model with one loss and one optimizer, compiled by TensorFlow.

    The learning rates, the order of the samples and the batch size are arguments of the compiled
    functions, so that none of them causes a new compilation.

    Parameters
    ----------
    model : keras.Model
        Built; its weights are changed in place, its own ``compile`` settings are not used.
    loss : keras.losses.Loss
        The mean over the batch; the model's regularization losses are added.
    metric : callable
        ``metric(y_true, y_pred)``, one value per sample.
    optimizer : keras.optimizers.Optimizer
    x, y : numpy.ndarray
        Some samples and targets, for their shapes and dtypes.
    weigh : callable, optional
        ``weigh(y)``, the weight of each sample in the training loss.
    precision : str, optional
        The policy by which the layers compute while they train, see `computing_in`.
    """

    takes_tensors = True

    def __init__(self, model, loss, metric, optimizer, x, y, weigh=None, precision=None):
        import tensorflow as tf  # only here and in `state`; on other backends never

        self._constant = tf.constant
        trainable = model.trainable_variables
        optimizer.build(trainable)
        samples = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in (x, y)]
        order_and_rates = [tf.TensorSpec((None,), "int64"), tf.TensorSpec((None,), "float32")]
        numbers = [tf.TensorSpec((), "int32")] * 2

        # Behind a softmax or sigmoid Keras's cross-entropies go back to the logits, which is exact,
        # but binary cross-entropy also does so behind a softmax, and takes its sigmoid instead.
        seen = tf.identity if mixes_softmax_and_sigmoid(model, loss) else lambda y_pred: y_pred

        def regularized(y, y_pred, weights=None):
            value = loss(y, seen(y_pred), weights)
            return tf.add_n([value, *(tf.cast(t, loss.dtype) for t in model.losses)])

        @tf.autograph.experimental.do_not_convert
        def train_batch(x, y, rate):
            optimizer.learning_rate.assign(rate)
            with tf.GradientTape() as tape:
                y_pred = model(x, training=True)
                value = regularized(y, y_pred, weigh and weigh(y))
            gradients = tape.gradient(value, [v.value for v in trainable])
            optimizer.apply(gradients, trainable)
            return value, tf.reduce_sum(metric(y, y_pred)), gradients

        def square(tensor):
            return tf.reduce_sum(tf.square(tf.cast(tensor, "float64")))

        @tf.autograph.experimental.do_not_convert
        def measured_batch(x, y, rate):
            before = [tf.identity(v.value) for v in trainable]
            value, metric_sum, gradients = train_batch(x, y, rate)
            known = [g if g is None else square(tf.convert_to_tensor(g)) for g in gradients]
            slopes = [tf.zeros((), "float64") if g is None else g for g in known]
            updates = [
                square(tf.cast(v.value, "float64") - tf.cast(b, "float64"))
                for v, b in zip(trainable, before, strict=True)
            ]
            squares = slopes, updates, [square(b) for b in before]
            return value, metric_sum, tuple(tf.stack(each) for each in squares)

        def batch_at(x, y, order, number, batch_size):
            rows = order[number * batch_size : (number + 1) * batch_size]
            return tf.gather(x, rows), tf.gather(y, rows)

        @tf.function(input_signature=samples + order_and_rates + numbers)
        def train(x, y, order, rates, first, batch_size):
            count = tf.shape(rates)[0]
            losses = tf.TensorArray(loss.dtype, size=count)
            right = tf.TensorArray("float32", size=count)
            for i in tf.range(count):
                batch = batch_at(x, y, order, first + i, batch_size)
                value, metric_sum, _ = train_batch(*batch, rates[i])
                losses = losses.write(i, value)
                right = right.write(i, metric_sum)
            return losses.stack(), right.stack()

        @tf.function(input_signature=samples + order_and_rates + [*numbers, numbers[0]])
        def train_measured(x, y, order, rates, first, batch_size, due):
            before = train(x, y, order, rates[:due], first, batch_size)
            batch = batch_at(x, y, order, first + due, batch_size)
            value, metric_sum, squares = measured_batch(*batch, rates[due])
            after = train(x, y, order, rates[due + 1 :], first + due + 1, batch_size)
            losses = tf.concat([before[0], [value], after[0]], axis=0)
            return losses, tf.concat([before[1], [metric_sum], after[1]], axis=0), squares

        @tf.autograph.experimental.do_not_convert
        def evaluate_block(x, y):
            y_pred = model(x, training=False)
            size = tf.cast(tf.shape(x)[0], loss.dtype)
            return regularized(y, y_pred) * size, tf.reduce_sum(metric(y, y_pred))

        @tf.function(input_signature=samples)
        def evaluate(x, y):
            total, right = tf.zeros((), loss.dtype), tf.zeros((), "float32")
            for start in tf.range(0, tf.shape(x)[0], EVALUATION_SIZE):
                rows = slice(start, start + EVALUATION_SIZE)
                value, metric_sum = evaluate_block(x[rows], y[rows])
                total, right = total + value, right + metric_sum
            return total, right

        # Concrete functions, because TensorFlow warns of "retracing" where one line of code makes
        # the functions of several models.
        def concrete(function):
            with computing_in(model, precision):
                return function.get_concrete_function()

        self._train, self._evaluate = concrete(train), evaluate.get_concrete_function()
        self._train_measured = None
        self._make_measured = lambda: concrete(train_measured)

    def train(self, x, y, order, rates, first, batch_size):
        """Train on ``len(rates)`` batches from batch ``first`` of this epoch on.

        Parameters
        ----------
        x, y : tensor
            All training samples.
        order : numpy.ndarray of int64
            The samples in the order of this epoch.
        rates : sequence of float
            One learning rate per batch.
        first, batch_size : int

        Returns
        -------
        losses : numpy.ndarray of float64, shape (len(rates),)
            The loss of each batch before its own step.
        right : numpy.ndarray of float64, shape (len(rates),)
            The sum of the metric over each batch's samples.
        """
        order, rates = self._constant(order), self._constant(np.asarray(rates, "float32"))
        first, batch_size = self._constant(first), self._constant(batch_size)
        losses, right = self._train(x, y, order, rates, first, batch_size)
        return losses.numpy().astype("float64"), right.numpy().astype("float64")

    def train_measured(self, x, y, order, rates, first, batch_size, due):
        """Train as ``train`` does, and measure gradients and updates at batch ``first + due``.

        Returns
        -------
        losses, right : numpy.ndarray of float64, shape (len(rates),)
            As ``train`` gives them.
        squares : tuple of three numpy.ndarray, shape (weights,), float64
            Sums of squares of each weight's gradient, of its update, and of itself before.
        """
        self.prepare_measuring()
        order, rates = self._constant(order), self._constant(np.asarray(rates, "float32"))
        numbers = (self._constant(number) for number in (first, batch_size, due))
        losses, right, squares = self._train_measured(x, y, order, rates, *numbers)
        squares = tuple(each.numpy() for each in squares)
        return losses.numpy().astype("float64"), right.numpy().astype("float64"), squares

    def prepare_measuring(self):
        """Compile what ``train_measured`` needs, once."""
        if self._train_measured is None:
            self._train_measured = self._make_measured()

    def evaluate(self, x, y):
        """Return the mean loss and the mean metric of the samples, without training."""
        return tuple(float(total) / len(x) for total in self._evaluate(x, y))


class PlainProgram:
    """The same as `CompiledProgram`, for any backend of Keras: one call of Keras for each batch.

    It compiles the model (``model.compile``) with its own loss and optimizer.
    """

    takes_tensors = False

    def __init__(self, model, loss, metric, optimizer, x, y, weigh=None, precision=None):
        self.optimizer, self._model, self._loss = optimizer, model, loss
        self._weigh, self._precision = weigh, precision
        self._mean = keras.metrics.MeanMetricWrapper(metric, name="metric")
        optimizer.build(model.trainable_variables)

    def _compile(self):
        """Compile the model, unless it still is as this program left it."""
        if getattr(self._model, "optimizer", None) is not self.optimizer:
            self._model.compile(optimizer=self.optimizer, loss=self._loss, metrics=[self._mean])

    def train(self, x, y, order, rates, first, batch_size):
        """Train on ``len(rates)`` batches; see `CompiledProgram.train`."""
        self._compile()
        losses, right = [], []
        for i, rate in enumerate(rates):
            rows = order[(first + i) * batch_size : (first + i + 1) * batch_size]
            self.optimizer.learning_rate.assign(rate)
            self._model.reset_metrics()
            weights = self._weigh and keras.ops.convert_to_numpy(self._weigh(y[rows]))
            with computing_in(self._model, self._precision):
                loss, mean = self._model.train_on_batch(x[rows], y[rows], weights)
            losses.append(float(loss))
            right.append(float(mean) * len(rows))
        return np.array(losses), np.array(right)

    def train_measured(self, x, y, order, rates, first, batch_size, due):
        """Train; see `CompiledProgram.train_measured`. Gradients are not known here."""
        parts = [self.train(x, y, order, rates[:due], first, batch_size)]
        before = self._weights()
        parts.append(self.train(x, y, order, rates[due : due + 1], first + due, batch_size))
        pairs = zip(self._weights(), before, strict=True)
        updates = np.array([np.square(after - old).sum() for after, old in pairs])
        squares = None, updates, np.array([np.square(old).sum() for old in before])
        parts.append(self.train(x, y, order, rates[due + 1 :], first + due + 1, batch_size))
        losses, right = (np.concatenate(each) for each in zip(*parts, strict=True))
        return losses, right, squares

    def prepare_measuring(self):
        """Nothing needs to be prepared."""

    def _weights(self):
        variables = self._model.trainable_variables
        return [keras.ops.convert_to_numpy(v).astype("float64") for v in variables]

    def evaluate(self, x, y):
        """Return the mean loss and the mean metric of the samples, without training."""
        self._compile()
        total = right = 0.0
        for start in range(0, len(x), EVALUATION_SIZE):
            rows = slice(start, start + EVALUATION_SIZE)
            self._model.reset_metrics()
            loss, mean = self._model.test_on_batch(x[rows], y[rows])
            total, right = total + float(loss) * len(x[rows]), right + float(mean) * len(x[rows])
        return total / len(x), right / len(x)
