"""The host of L-BFGS: it remembers steps, searches along its direction, and needs the whole loss."""

import inspect

import numpy as np

from dlkit import checks
from dlkit.optimizers.arguments import CLIPPING, signature
from dlkit.optimizers.host import Optimizer
from dlkit.optimizers.line_search import Trial, strong_wolfe
from dlkit.optimizers.whole_loss import Minimum, WholeLoss
from dlkit.rules import lbfgs

_NOT_TAKEN = ("weight_decay", *CLIPPING)


class LBFGS(Optimizer):
    __doc__ = (
        (lbfgs.__doc__ or "")
        + """
    Parameters
    ----------
    learning_rate : float or Schedule
        Of the first step, above 0; the line search lengthens or shortens it.
    memory : int
        How many steps are remembered, 1 or more; twice as many vectors are kept, in float64.

    Raises
    ------
    TypeError, ValueError
        For an unknown argument, or a value out of range; for clipping and ``weight_decay``, with
        which the gradient would no longer be that of the loss (use a regularizer of the layers).

    Examples
    --------
    >>> def parabola(x):
    ...     return float(x @ x), 2 * x
    >>> LBFGS().minimize(parabola, [3.0, 4.0]).value < 1e-12
    True
    """
    )

    rule = lbfgs
    needs_whole_loss = True

    def __init__(self, learning_rate=lbfgs.learning_rate, **arguments):
        super().__init__(learning_rate, **arguments)
        for name in _NOT_TAKEN:
            if self._arguments[name] is not None:
                raise ValueError(
                    f"LBFGS has no {name}, but got {name}={self._arguments[name]}: its line search "
                    "needs the gradient of the loss itself. Leave it out; for weight decay use "
                    "kernel_regularizer='l2' in the layers."
                )

    def minimize(self, function, x0, max_iterations=1000, tolerance=1e-8):
        """Return the `Minimum` that is reached from ``x0``; what was remembered is forgotten first.

        Parameters
        ----------
        function : callable
            Takes x, an array of the shape of ``x0``, and returns (value, gradient): a number, and
            an array of that shape. Both may be infinite or NaN away from ``x0``.
        x0 : array_like
            Where to begin; not changed.
        max_iterations : int
            Steps at most, 1 or more.
        tolerance : float
            It stops where no element of the gradient is larger than this; above 0.

        Returns
        -------
        Minimum

        Raises
        ------
        TypeError, ValueError
            If an argument is wrong, the function returns something else, or it is not finite at
            ``x0``.
        """
        loss = WholeLoss(function, checks.array("x0", x0, dtype=np.float64).copy())
        max_iterations = checks.whole_number("max_iterations", max_iterations)
        tolerance = checks.number("tolerance", tolerance, above=0)
        here = loss.start()
        self.reset()
        reason = f"all {max_iterations} iterations are done"
        for _ in range(max_iterations):
            if np.abs(here.gradient).max() <= tolerance:
                reason = ""
                break
            there = self._advance(loss, here)
            if there is None:
                reason = "no lower place was found: the loss is flat to its last digits, or jumps"
                break
            here = there
        converged = bool(np.abs(here.gradient).max() <= tolerance)
        if converged:
            reason = f"no element of the gradient is larger than {tolerance:g}"
        found = here.x.reshape(loss.shape), here.value, here.gradient.reshape(loss.shape)
        return Minimum(*found, self.iterations, loss.evaluations, converged, reason)

    def step(self, function, parameters, start=None):
        """Take one step in place, with what earlier ones have left in the memory.

        Parameters
        ----------
        function : callable
            As `minimize` takes it; it must be the same at every step.
        parameters : numpy.ndarray
            Of a floating dtype; changed in place.
        start : tuple (value, gradient), optional
            What the function gives for ``parameters``, if it is known already.

        Returns
        -------
        float
            The loss before the step. Where no lower place was found, nothing has changed.

        Raises
        ------
        TypeError, ValueError
            As `minimize` does; `NonFiniteGradientError` if the gradient is not finite.
        """
        checks.array("parameters", parameters)
        if not isinstance(parameters, np.ndarray) or parameters.dtype.kind != "f":
            raise TypeError(
                "parameters must be a NumPy array of floating-point numbers, because it is changed "
                f"in place, but got {checks.describe(parameters)}."
            )
        if not parameters.flags.writeable:
            raise ValueError("parameters must not be read-only. Pass a copy: parameters.copy().")
        loss = WholeLoss(function, parameters.copy())
        here = loss.start(start)
        if self._steps and self._steps[0].size != parameters.size:
            raise ValueError(
                f"This optimizer remembers steps of {self._steps[0].size} parameters, but got "
                f"{parameters.size}. Use a new optimizer for another network, or call reset()."
            )
        there = self._advance(loss, here)
        parameters[...] = (here if there is None else there).x.reshape(parameters.shape)
        return here.value

    def _advance(self, loss, here):
        """Return the next point, or None where no lower one was found; remember the step."""
        steps, changes = self._steps, self._changes
        there = self._search(loss, here, steps, changes)
        if there is None and steps:
            steps, changes = [], []  # what is remembered misleads: begin anew along the gradient
            there = self._search(loss, here, steps, changes)
        if there is not None:
            step, change = there.x - here.x, there.gradient - here.gradient
            if step @ change > np.finfo(np.float64).eps * (change @ change):
                kept = self._arguments["memory"] - 1
                steps = [*steps[max(len(steps) - kept, 0) :], step]
                changes = [*changes[max(len(changes) - kept, 0) :], change]
        self._steps, self._changes = steps, changes
        self._iterations += 1
        return there

    def _search(self, loss, here, steps, changes):
        direction = self.rule.direction(here.gradient, steps, changes)
        slope = float(direction @ here.gradient)
        if not slope < 0 or not np.isfinite(direction).all():
            return None

        def along(step):
            point = loss(here.x + step * direction)
            if not (np.isfinite(point.value) and np.isfinite(point.gradient).all()):
                return Trial(step, np.inf, np.nan)
            return Trial(step, point.value, float(direction @ point.gradient), point)

        first = 1.0 if steps else self.learning_rate
        found = strong_wolfe(along, Trial(0.0, here.value, slope), first)
        return None if found is None else found.point

    def reset(self):
        """Forget all steps, and count from 0; the learning rate stays as it is set."""
        super().reset()
        self._steps, self._changes = [], []

    @property
    def state(self):
        """What exact resumption needs: ``iterations``, and ``steps`` and ``changes`` (copies).

        Both have shape (remembered, parameters), oldest first, and are left out where nothing is
        remembered. A constant learning rate is part of it too.
        """
        state = super().state
        if self._steps:
            state |= {"steps": np.stack(self._steps), "changes": np.stack(self._changes)}
        return state

    def load_state(self, state):
        """Take over a `state`; the steps that follow have the same bits as without the break.

        Parameters
        ----------
        state : dict
            What `state` gave, from another LBFGS.

        Raises
        ------
        TypeError, ValueError
            If it does not fit this optimizer; which is then unchanged.
        """
        if not isinstance(state, dict):
            raise TypeError(f"state must be a dict, but got {checks.describe(state)}.")
        rest = {name: state[name] for name in state if name not in ("steps", "changes")}
        given = [name for name in ("steps", "changes") if name in state]
        if len(given) == 1:
            raise ValueError(f"state must hold steps and changes, but it holds {given[0]} alone.")
        steps, changes = [
            checks.array(name, state[name], ndim=2, dtype=np.float64).copy() for name in given
        ] or ([], [])
        memory = self._arguments["memory"]
        if given and (steps.shape != changes.shape or len(steps) > memory):
            raise ValueError(
                f"steps and changes in state must have one shape, with {memory} rows at most (the "
                f"memory), but theirs are {steps.shape} and {changes.shape}."
            )
        if given and not (np.sum(steps * changes, axis=1) > 0).all():
            raise ValueError("Each row of steps times that of changes in state must be above 0.")
        super().load_state(rest)
        self._steps, self._changes = list(steps), list(changes)

    def apply(self, gradients, parameters):
        """Always refuse: one gradient is not enough (see `step` and `minimize`)."""
        raise TypeError(
            "LBFGS cannot apply a gradient, because its line search needs the loss at other places "
            "too. Use LBFGS().minimize(function, x0), step(function, parameters), or train a "
            "Network with optimizer='lbfgs' and batch_size as large as the training set."
        )

    def apply_flat(self, flat_gradients, flat_parameters, segments=None):
        """Always refuse, as `apply` does."""
        self.apply(flat_gradients, flat_parameters)

    def to_keras(self, **keras_arguments):
        """Always refuse: Keras's optimizers see gradients alone, and never the loss."""
        raise ValueError(
            "optimizer='lbfgs' has no host in Keras, whose optimizers are given gradients and "
            "cannot ask for the loss at another place. Train a dlkit Network with it (for a model "
            "made of the layers known here: Network.from_keras(model)), or choose another optimizer."
        )

    def _scheduled(self, schedule):
        value = super()._scheduled(schedule)
        return checks.number("the scheduled learning_rate", value, above=0)


LBFGS.__signature__ = inspect.Signature(
    [each for name, each in signature(lbfgs).parameters.items() if name not in _NOT_TAKEN]
)
