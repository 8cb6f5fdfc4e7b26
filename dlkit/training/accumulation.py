"""Gradient accumulation: the mean gradient of several batches, and one step with it."""

import numpy as np

from dlkit.optimizers import NonFiniteGradientError


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
        self._schedule = config.learning_rate_schedule
        self._optimizer = config.replace(learning_rate_schedule=None).build_optimizer()
        self._sum, self.pending = None, 0

    @property
    def learning_rate(self):
        """The learning rate of the next step; set it to a number, which ends a schedule."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self._optimizer.learning_rate, self._schedule = value, None

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
        if self._schedule is not None:
            batches = self.iterations * self.steps + self.steps - 1
            self._optimizer.learning_rate = self._schedule(batches)
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
            "schedule_ended": self._schedule is None,
        }

    def load_state(self, state):
        """Take over a `state`."""
        state = dict(state)
        total, self.pending = state.pop("gradient_sum"), state.pop("pending")
        self._sum = None if total is None else np.array(total)
        if state.pop("schedule_ended"):
            self._schedule = None
        self._optimizer.load_state(state)
