"""Gradient accumulation: the mean gradient of several batches, and one step with it."""

import numpy as np

from dlkit.optimizers import NonFiniteGradientError
from dlkit.schedules import Schedule


def optimizer_for(config):
    """Return a fresh optimizer of a configuration, one that accumulates where it asks for that.

    Parameters
    ----------
    config : TrainingConfig

    Returns
    -------
    Optimizer or Accumulation
    """
    if config.gradient_accumulation_steps == 1:
        return config.build_optimizer()
    return Accumulation(config)


class _OfBatches(Schedule):
    """A schedule of batches, asked by an optimizer that counts groups of them."""

    def __init__(self, schedule, steps):
        self.schedule, self.steps = schedule, steps

    def value(self, xp, step):
        """Return the rate of the last batch of group ``step``."""
        return self.schedule.value(xp, step * self.steps + self.steps - 1)

    def __repr__(self):
        return repr(self.schedule)


class Accumulation:
    """An optimizer that takes one step after every ``steps`` batches, as Keras does.

    The step is taken with ḡ = (g_1 + … + g_k) / k, so with a loss that is a mean, k batches of n
    samples do what one batch of k n would. Clipping and weight decay belong to the step. A schedule
    counts batches, as in Keras.

    Parameters
    ----------
    config : TrainingConfig
        Gives ``gradient_accumulation_steps``, the optimizer and the learning rate.
    """

    needs_whole_loss = False

    def __init__(self, config):
        self.steps = config.gradient_accumulation_steps
        self._optimizer = config.replace(learning_rate_schedule=None).build_optimizer()
        self._scheduled = config.learning_rate_schedule is not None
        if self._scheduled:
            self._optimizer.learning_rate = _OfBatches(config.learning_rate_schedule, self.steps)
        self._sum, self.pending = None, 0

    @property
    def learning_rate(self):
        """The learning rate of the next step; set it to a number, which ends a schedule."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self._optimizer.learning_rate, self._scheduled = value, False

    @property
    def iterations(self):
        """Steps taken so far, not batches."""
        return self._optimizer.iterations

    @property
    def name(self):
        """The name of the optimizer that takes the steps."""
        return self._optimizer.name

    def apply_flat(self, flat_gradients, flat_parameters, segments=None):
        """Take in the gradients of a batch, and take the step if it completes the group."""
        if not np.isfinite(flat_gradients).all():
            raise NonFiniteGradientError("gradients must be finite, but some are not.")
        if self._sum is None:
            self._sum = np.zeros_like(flat_gradients)
        self._sum += flat_gradients
        self.pending += 1
        if self.pending < self.steps:
            return
        self._sum /= self.steps
        self._optimizer.apply_flat(self._sum, flat_parameters, segments)
        self._sum[...] = 0
        self.pending = 0

    def reset(self):
        """Forget all steps, and the batches of an open group."""
        self._optimizer.reset()
        self._sum, self.pending = None, 0

    @property
    def state(self):
        """What exact resumption needs: the optimizer's state, and the open group's sum and size."""
        total = None if self._sum is None else self._sum.copy()
        return {
            **self._optimizer.state,
            "gradient_sum": total,
            "pending": self.pending,
            "schedule_ended": not self._scheduled,
        }

    def load_state(self, state):
        """Take over a `state`."""
        state = dict(state)
        total, self.pending = state.pop("gradient_sum"), state.pop("pending")
        self._sum = None if total is None else np.array(total)
        if state.pop("schedule_ended") and self._scheduled:
            self.learning_rate = state["learning_rate"]
        self._optimizer.load_state(state)
