"""The runs axis: networks of one shape as one network whose weights have an axis more.

Every call does the work of all runs; the mathematics is that of `dlkit.layers`, line by line. Only
the samples stand last here, (runs, features, samples): a layer has few features and a batch many
samples, and BLAS is fastest where many numbers lie side by side.
"""

import math
from time import perf_counter

import numpy as np

from dlkit import layers, losses, randomness
from dlkit.training.callbacks import EarlyStopping
from dlkit.training.parts import checked_parts, loss_for
from dlkit.training.protocol import all_done, epoch_order
from dlkit.training.records import ChunkRecord, EpochRecord, Recorder

BLOCK = 2**17  # weights that the rule is applied to at once


def softmax_crossentropy(labels, scores):
    """Return what `SparseCategoricalCrossentropy` and its slope are, eight times as fast.

    Value and slope share the exponentials, and the classes stand before the samples: adding up
    over a few classes is fast where many samples lie side by side.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (runs, samples)
    scores : numpy.ndarray, shape (runs, classes, samples)
        Logits.

    Returns
    -------
    numpy.ndarray, shape (runs, samples)
        -log softmax(scores) of the true class.
    numpy.ndarray, shape (runs, classes, samples)
        softmax(scores), minus 1 at the true class.
    numpy.ndarray of bool, shape (runs, samples)
        Whether the true class has the highest score, the first one of several as high.
    """
    z = np.ascontiguousarray(scores) - scores.max(axis=1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=1, keepdims=True)
    p /= total
    runs, classes, samples = z.shape
    first = np.arange(0, z.size, classes * samples)[:, np.newaxis] + np.arange(samples)
    true = first + labels * samples  # where the true classes stand, counted through everything
    below = z.take(true)  # by how much the true class is below the highest
    per_sample = np.log(total[:, 0]) - below
    p.reshape(-1)[true] -= 1
    right = below == 0
    if np.count_nonzero(z == 0) != right.size or np.isnan(total).any():  # several are as high
        right = scores.argmax(axis=1) == labels
    return per_sample, p, right


def _turned(array):
    """Return a view with samples and features, the last two axes, in each other's place."""
    return array.swapaxes(-1, -2)


class Run:
    """One of the runs, as a callback sees it: an engine with weights."""

    def __init__(self, network, config):
        self.network, self.config = network, config
        self.recorder, self.reason = Recorder(config), ""
        randomness.restart(network.layers, config.seed)
        self.stopping = config.early_stopping and EarlyStopping(config.patience, config.min_delta)

    def weights(self):
        """Return a copy of this run's weights, flat."""
        return self.row.copy()

    def set_weights(self, weights):
        """Bring back what `weights` returned."""
        self.row[...] = weights

    def end(self, reason):
        """Give the network its weights, and the history its last word."""
        self.reason = reason
        self.network.flat_parameters[...] = self.row
        self.recorder.end(reason)


class Runs:
    """The weights of all runs that are still going, and how they are trained."""

    def __init__(self, networks, data, configs):
        self.runs = [Run(*each) for each in zip(networks, configs)]
        self.everyone = tuple(self.runs)
        self.epochs_done, self.interrupted = 0, False
        self.network, self.config = networks[0], configs[0]
        loss = loss_for(self.network, data, self.config.loss)
        self.parts = checked_parts(self.network, data, loss)
        last = self.network.layers[-1]
        self.fused = (
            loss.fuses_with == self.network.output_activation != "linear"
            and not loss.from_logits
            and isinstance(last, layers.Dense)
        )
        self.loss = loss.on_logits() if self.fused else loss
        self._shares_exponentials = (  # a class derived from it may compute something else
            type(self.loss) is losses.SparseCategoricalCrossentropy and self.loss.from_logits
        )
        optimizer = self.config.build_optimizer()
        self.rule, self.hyperparameters = optimizer.rule, optimizer.hyperparameters
        self.scalars, self.step = dict(self.rule.initial_scalars), 0
        self.decay = self.config.weight_decay or 0.0
        self.parameters = np.stack([network.flat_parameters for network in networks])
        self.slots = self.rule.init(np, self.parameters, **self.hyperparameters)
        self.gradients = np.zeros_like(self.parameters)
        self._look()

    def epoch(self, threads):
        """Train one epoch, if runs are left; so many groups share the time that it takes."""
        if self.runs:
            self.epochs_done += 1
            with np.errstate(all="ignore"):
                self._train(self.epochs_done, threads)

    def _train(self, epoch, threads):
        began, before = perf_counter(), self.parameters.copy()
        x, y = self.parts["train"]
        x = x.reshape(len(x), -1)
        order = self._order(len(x), epoch)
        y = np.broadcast_to(y[order], (len(self.runs), *y.shape))
        starts = range(0, y.shape[1], self.config.batch_size)
        rates = self._rates(len(starts))
        each_step = np.array(rates, self.parameters.dtype).T[..., np.newaxis]
        losses, seen = [], []
        for start, step_rates in zip(starts, each_step, strict=True):
            if self.interrupted:
                return
            batch = slice(start, start + self.config.batch_size)
            # one batch at a time: all runs' copies of the data may not fit the memory
            part = x.take(order[..., batch], axis=0)  # twice as fast as x[order]
            loss, part_seen = self._batch(part.swapaxes(-1, -2), y[:, batch], step_rates)
            losses.append(loss)
            seen.append(part_seen)
        seen = np.concatenate(seen, axis=1)
        seconds = (perf_counter() - began) / threads
        self._record(epoch, np.array(losses), seen, y, rates, seconds / len(self.runs))
        self._end(epoch, before)

    def _rates(self, steps):
        """Return the learning rates of the next steps, a tuple for each run."""
        known, rates = {}, []  # many runs may share a schedule
        for config in (run.config for run in self.runs):
            which = (config.learning_rate, id(config.learning_rate_schedule))
            if which not in known:
                known[which] = config.learning_rates(self.step, steps)
            rates.append(known[which])
        return rates

    def _order(self, samples, epoch):
        """Return in which order each run takes the samples, (runs, samples); (samples,) for all."""
        shuffle = self.config.shuffle
        seeds = [run.config.seed for run in self.runs] if shuffle else [0]
        orders = {seed: epoch_order(samples, seed, epoch, shuffle) for seed in set(seeds)}
        if len(orders) == 1:  # the same batches for all: one array serves every run
            return orders[seeds[0]]
        return np.array([orders[seed] for seed in seeds])

    def _batch(self, x, y, rates):
        """Take one step with every run; return the losses (runs,) and what `_metrics` needs."""
        scores = self._forward(x, training=True)
        per_sample, slope, seen = self._compare(y, scores)
        self._backward(slope / y.shape[1])
        self._update(rates)
        return per_sample.mean(axis=1), seen

    def _compare(self, y, scores):
        """Return the losses of all samples, their slopes by the scores, what `_metrics` needs."""
        if self._shares_exponentials:
            return softmax_crossentropy(y, scores)
        scores = _turned(scores)  # the losses of the kit take the classes last
        targets = self.loss.targets(y, scores)
        slope = self.loss.slope(targets, scores)
        return self.loss.per_sample(targets, scores), _turned(slope), scores

    def _metrics(self, y, seen):
        """Return the metrics of every run, from its scores or from which samples are right."""
        if seen.dtype == bool:
            return [{"accuracy": share} for share in seen.mean(axis=1).tolist()]
        return [self.loss.metrics(*each) for each in zip(y, seen, strict=True)]

    def _forward(self, x, training):
        """Return the scores, (runs, classes, samples), of ``x``, (runs, features, samples)."""
        self._inputs = []
        for index, layer in enumerate(self.network.layers):
            kept = x
            if isinstance(layer, layers.Dense):
                kernel, bias = self._weights[index]
                z = np.matmul(_turned(kernel), x)
                if bias is not None:
                    z += bias[:, :, np.newaxis]
                y = z if self._leaves_to_loss(index) else self._activate(layer.activation, z)
                kept, x = (x, z, y), y
            elif isinstance(layer, layers.Activation):
                y = self._activate(layer.activation, x)
                kept, x = (x, y), y
            elif isinstance(layer, layers.Dropout) and training and layer.rate:
                kept = self._masks(index, layer, x.shape[:-3:-1])
                x = x * kept
            self._inputs.append(kept)
        return x

    def _leaves_to_loss(self, index):
        """Return whether this layer's activation is part of the loss."""
        return self.fused and index == len(self.network.layers) - 1

    @staticmethod
    def _activate(activation, z):
        if activation.elementwise:
            return activation.forward(z)
        return _turned(activation.forward(_turned(z)))  # a softmax runs along the last axis

    @staticmethod
    def _activate_back(activation, z, y, upstream):
        if activation.elementwise:
            return activation.backward(z, y, upstream)
        return _turned(activation.backward(*map(_turned, (z, y, upstream))))

    def _masks(self, index, layer, shape):
        draws = [
            run.network.layers[index].random.random(shape, dtype=np.float32) for run in self.runs
        ]
        kept = (np.array(draws) >= layer.rate) * self.parameters.dtype.type(1 / (1 - layer.rate))
        return _turned(kept)

    def _backward(self, upstream):
        """Write the gradients of all runs, from the last layer to the first one with weights."""
        first = min(self._weights)
        ones = np.ones((upstream.shape[-1], 1), upstream.dtype)
        for index in range(len(self.network.layers) - 1, first - 1, -1):
            layer, kept = self.network.layers[index], self._inputs[index]
            if isinstance(layer, layers.Dense):
                x, z, y = kept
                delta = upstream
                if not self._leaves_to_loss(index):
                    delta = self._activate_back(layer.activation, z, y, upstream)
                kernel, bias = self._gradients[index]
                np.matmul(x, _turned(delta), out=kernel)
                if bias is not None:
                    # δ times ones: the sum over the samples, several times as fast as sum()
                    np.matmul(delta, ones, out=bias[..., np.newaxis])
                if index > first:
                    upstream = np.matmul(self._weights[index][0], delta)
            elif isinstance(layer, layers.Activation):
                upstream = self._activate_back(layer.activation, *kept, upstream)
            elif isinstance(layer, layers.Dropout) and layer.rate:
                upstream = upstream * kept

    def _update(self, rates):
        """Apply the rule to all runs, some rows at a time; ``rates`` has the shape (runs, 1)."""
        self.step += 1
        self.scalars = self.rule.advance(self.step, self.scalars, **self.hyperparameters)
        height = max(1, BLOCK // self.parameters.shape[1])
        for start in range(0, len(self.runs), height):
            rows = slice(start, start + height)
            parameter = self.parameters[rows]
            if self.decay:
                parameter -= self.decay * rates[rows] * parameter
            slots = {name: slot[rows] for name, slot in self.slots.items()}
            delta, new = self.rule.update(
                np,
                self.gradients[rows],
                parameter,
                slots,
                self.scalars,
                rates[rows],
                **self.hyperparameters,
            )
            parameter += delta
            for name, slot in slots.items():
                slot[...] = new[name]

    def _record(self, epoch, losses, seen, y, rates, seconds):
        """Write down the epoch of every run; ``losses`` has the shape (batches, runs)."""
        validated = self._validated()
        metrics = self._metrics(y, seen)
        sizes = np.diff([*range(0, y.shape[1], self.config.batch_size), y.shape[1]])
        means = np.average(losses, axis=0, weights=sizes).tolist()
        finite = np.isfinite(losses)
        counts = np.where(finite.all(axis=0), len(losses), finite.argmin(axis=0) + 1).tolist()
        step = self.step - len(losses)
        for row, run in enumerate(self.runs):
            count, own = counts[row], losses[: counts[row], row]
            used = rates[row][:count]
            numbers = range(1, count + 1)
            run.recorder.chunk(ChunkRecord(epoch, numbers, own, step, used, seconds))
            run.diverged = ""
            if not math.isfinite(own[-1]):
                run.diverged = f"loss is not finite ({own[-1]}) in epoch {epoch}, batch {count}"
                continue
            val_loss, val_metrics = validated[row]
            run.record = EpochRecord(
                epoch, means[row], metrics[row], val_loss, val_metrics, used[-1], seconds
            )
            run.recorder.epoch(run.record)
            if val_loss is not None and not math.isfinite(val_loss):
                run.diverged = (
                    f"loss is not finite ({val_loss}) in epoch {epoch} on the validation data"
                )

    def _validated(self):
        """Return the loss and the metrics of every run on the validation data, if there are any."""
        if self.parts["validation"] is None:
            return [(None, {})] * len(self.runs)
        x, y = self.parts["validation"]
        scores = self._forward(x.reshape(len(x), -1).T, training=False)
        y = np.broadcast_to(y, (len(scores), *y.shape))
        per_sample, _, seen = self._compare(y, scores)
        losses = per_sample.reshape(len(scores), -1).mean(axis=1).tolist()
        return list(zip(losses, self._metrics(y, seen), strict=True))

    def _end(self, epoch, before):
        """End the runs that are over, and go on with the rest."""
        left = []
        for row, run in enumerate(self.runs):
            run.row = self.parameters[row]
            if run.diverged:
                run.row[...] = before[row]
                run.end(
                    f"{run.diverged}: the run diverged, and the weights from before the epoch are "
                    "back; try a smaller learning rate"
                )
                continue
            reason = run.stopping.after_epoch(run, run.record) if run.stopping else None
            if epoch == self.config.epochs and not reason:
                reason = all_done(epoch)
            if reason:
                if run.stopping:
                    run.stopping.at_end(run)
                run.end(reason)
            else:
                left.append(row)
        if len(left) < len(self.runs):
            self.runs = [self.runs[row] for row in left]
            self.parameters = self.parameters[left]
            self.gradients = np.zeros_like(self.parameters)
            self.slots = {name: slot[left] for name, slot in self.slots.items()}
            self._look()

    def _look(self):
        """Take views of each layer's weights and gradients in the arrays of all runs."""
        self._weights, self._gradients = {}, {}
        places = {name: (start, stop, shape) for name, start, stop, shape in self.network.segments}
        for index, layer in enumerate(self.network.layers):
            if not isinstance(layer, layers.Dense):
                continue
            for views, flat in (
                (self._weights, self.parameters),
                (self._gradients, self.gradients),
            ):
                views[index] = tuple(
                    self._view(flat, *places[f"{layer.name}/{name}"])
                    if name in layer.parameters
                    else None
                    for name in ("kernel", "bias")
                )

    @staticmethod
    def _view(flat, start, stop, shape):
        view = flat[:, start:stop]
        strides = np.empty(shape, flat.dtype).strides
        return np.lib.stride_tricks.as_strided(
            view, (len(flat), *shape), (flat.strides[0], *strides)
        )
