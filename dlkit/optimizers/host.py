"""The NumPy host of the update rules: it keeps the state that the pure rules do not."""

import numpy as np

from dlkit import checks
from dlkit.optimizers.arguments import checked
from dlkit.optimizers.pairing import FlatPair, pair
from dlkit.optimizers.stepping import take_step
from dlkit.schedules import Schedule
from dlkit.schedules import get as get_schedule


class Optimizer:
    """What all optimizers share: a learning rate, clipping, weight decay, slots, resumption.

    Parameters
    ----------
    learning_rate : float or Schedule
        Above 0, in units of parameter per unit of what the rule makes of the gradient.
    **arguments
        The rule's hyper-parameters, and ``weight_decay``, ``clipnorm``, ``clipvalue`` and
        ``global_clipnorm``.

    Raises
    ------
    TypeError
        For an unknown argument, or one of the wrong kind.
    ValueError
        For a value out of range, or more than one way to clip.
    """

    rule = None
    needs_whole_loss = False  # whether it asks for the loss of all samples at other places too
    _iterations = 0

    def __init__(self, learning_rate, **arguments):
        if self.rule is None:
            raise TypeError("Optimizer is the base class. Use one of its kinds, such as Adam().")
        self._arguments = checked(self.rule, arguments)
        self._hyperparameters = {name: self._arguments[name] for name in self.rule.hyperparameters}
        self.learning_rate = learning_rate
        self.reset()

    @property
    def name(self):
        """The rule's name: its key in ``RULES`` and ``OPTIMIZERS``."""
        return self.rule.__name__

    @property
    def hyperparameters(self):
        """The rule's hyper-parameters, name to value (a copy)."""
        return dict(self._hyperparameters)

    @property
    def iterations(self):
        """The number of steps taken so far."""
        return self._iterations

    @property
    def schedule(self):
        """The learning rate's schedule, or None if the learning rate is constant."""
        return self._learning_rate if isinstance(self._learning_rate, Schedule) else None

    @property
    def learning_rate(self):
        """The learning rate of the next step; set it to a number or a schedule at any time."""
        schedule = self.schedule
        return self._learning_rate if schedule is None else self._scheduled(schedule)

    @learning_rate.setter
    def learning_rate(self, value):
        if isinstance(value, Schedule | dict):
            schedule = checks.named("learning_rate", get_schedule, value)
            self._scheduled(schedule)
            self._learning_rate = schedule
        else:
            hint = "Usual values lie between 0.0001 and 0.1; a Schedule is allowed too."
            self._learning_rate = checks.number("learning_rate", value, above=0, hint=hint)

    def apply(self, gradients, parameters):
        """Take one step: update the parameters in place.

        Parameters
        ----------
        gradients : dict of str to array, or list of arrays, or array
            Of the same kind, names and shapes as ``parameters``.
        parameters : dict of str to numpy.ndarray, or list of numpy.ndarray, or numpy.ndarray
            All of one floating dtype; changed in place. Every later call must bring as many
            elements of the same dtype, in the same order.

        Raises
        ------
        TypeError
            If a parameter is no floating-point array, or a gradient is no array.
        ValueError
            If names or shapes do not fit; as `NonFiniteGradientError` if a gradient is not finite.
            Neither parameters nor state have changed then.
        """
        segments, write_back = pair(gradients, parameters)
        self._step(segments, None)
        for parameter, flat in write_back:
            parameter[...] = flat.reshape(parameter.shape)

    def apply_flat(self, flat_gradients, flat_parameters, segments=None):
        """Take one step on flat buffers: the same bits as `apply`, faster.

        Parameters
        ----------
        flat_gradients : numpy.ndarray
            Shape (elements,).
        flat_parameters : numpy.ndarray
            Shape (elements,), of a floating dtype; changed in place.
        segments : list of (name, start, stop, shape), optional
            Where each parameter stands, as ``network.segments`` gives it; ``clipnorm`` looks at
            each segment by itself. By default all elements are one segment.

        Raises
        ------
        TypeError, ValueError
            As `apply` does.
        """
        flat = self._flat
        if flat is None or not flat.is_of(flat_gradients, flat_parameters, segments):
            flat = FlatPair(flat_gradients, flat_parameters, segments)
        flat.check_gradients()
        self._step(flat.segments, flat.whole)
        self._flat = flat  # a training loop brings the same buffers every time

    def reset(self):
        """Forget all steps: fresh slots and iteration 0; the learning rate stays as it is set."""
        self._iterations, self._flat = 0, None
        self._slots, self._dtype_is_open = None, False
        self._scalars = dict(self.rule.initial_scalars)

    @property
    def state(self):
        """What exact resumption needs: ``iterations``, the slots (flat), carried scalars (copies).

        A constant learning rate is part of it, under ``learning_rate``, since it may have been
        changed during the run.
        """
        state = {"iterations": self._iterations, **self._scalars}
        if self.schedule is None:
            state["learning_rate"] = self._learning_rate
        return state | {name: slot.copy() for name, slot in (self._slots or {}).items()}

    def load_state(self, state):
        """Take over a `state`; the steps that follow have the same bits as without the break.

        Parameters
        ----------
        state : dict
            What `state` gave, from an optimizer of the same rule. The slots may be lists, as JSON
            holds them; they then take the dtype of the parameters at the next step.

        Raises
        ------
        TypeError, ValueError
            If it does not fit this optimizer; which is then unchanged.
        """
        if not isinstance(state, dict):
            raise TypeError(f"state must be a dict, but got {checks.describe(state)}.")
        slot_names = self._new_slots(1, np.float64)
        allowed = {"iterations", "learning_rate", *self.rule.initial_scalars, *slot_names}
        for name in state:
            checks.choice("a key of state", name, sorted(allowed))
        for name in ("iterations", *self.rule.initial_scalars):
            if name not in state:
                raise ValueError(f"state must hold {name!r}, but it holds {sorted(state)}.")
        iterations = checks.whole_number("iterations", state["iterations"], minimum=0)
        scalars = {name: checks.number(name, state[name]) for name in self.rule.initial_scalars}
        given = [name for name in slot_names if name in state]
        if given and len(given) < len(slot_names):
            missing = [name for name in slot_names if name not in state]
            raise ValueError(f"state must hold all slots, but {missing[0]!r} is missing.")
        slots = {name: np.array(checks.array(name, state[name], ndim=1)) for name in given}
        if len({(slot.size, slot.dtype) for slot in slots.values()}) > 1:
            raise ValueError("The slots in state must all have the same size and dtype.")
        if "learning_rate" in state:
            self.learning_rate = state["learning_rate"]
        self._iterations, self._scalars, self._slots = iterations, scalars, slots or None
        self._dtype_is_open = any(isinstance(state[name], list | tuple) for name in given)

    def get_config(self):
        """Return all arguments as a JSON-able dict; `optimizers.get` makes an equal one of it."""
        schedule = self.schedule
        learning_rate = self._learning_rate if schedule is None else schedule.get_config()
        return {"name": self.name, "learning_rate": learning_rate, **self._arguments}

    def to_keras(self, **keras_arguments):
        """Return a ``keras.optimizers.Optimizer`` that runs the very same rule.

        Parameters
        ----------
        **keras_arguments
            What Keras alone has, such as ``gradient_accumulation_steps``.

        Returns
        -------
        dlkit.keras.optimizer.RuleOptimizer
            It starts at its first step; what it remembers is saved in a ``.keras`` file.

        Raises
        ------
        TypeError, ValueError
            If Keras does not know an argument, or not that value.
        """
        from dlkit.keras.optimizer import to_keras

        return to_keras(self, **keras_arguments)

    def __repr__(self):
        """Return how to write this optimizer."""
        listing = {name: value for name, value in self.get_config().items() if value is not None}
        listing.pop("name")
        return f"{self.rule.title}({', '.join(f'{k}={v!r}' for k, v in listing.items())})"

    def _scheduled(self, schedule):
        value = schedule(self._iterations)
        bound = "above" if self.rule.divides_by_learning_rate else "minimum"
        hint = f"It came from {schedule!r} at step {self._iterations}."
        return checks.number("the scheduled learning_rate", value, hint=hint, **{bound: 0})

    def _step(self, segments, whole):
        step, learning_rate = self._iterations + 1, self.learning_rate
        size, dtype = segments[-1].stop, segments[-1].parameter.dtype
        slots = self._slots
        if slots is None:
            slots = self._new_slots(size, dtype)
        elif self._dtype_is_open:
            slots = {name: slot.astype(dtype) for name, slot in slots.items()}
        if any(slot.size != size or slot.dtype != dtype for slot in slots.values()):
            slot = next(iter(slots.values()))
            raise ValueError(
                f"This optimizer remembers {slot.size} parameters of dtype {slot.dtype}, but got "
                f"{size} of dtype {dtype}. Use a new optimizer for another network, or call reset()."
            )
        own = self._hyperparameters
        scalars = self.rule.advance(step, dict(self._scalars), **own)
        arguments = self._arguments
        take_step(self.rule, segments, whole, step, slots, scalars, learning_rate, arguments, own)
        self._slots, self._iterations, self._dtype_is_open = slots, step, False
        self._scalars = {name: scalars[name] for name in self.rule.initial_scalars}

    def _new_slots(self, size, dtype):
        return self.rule.init(np, np.zeros(size, dtype), **self._hyperparameters)
