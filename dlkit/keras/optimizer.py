"""The Keras host of the update rules: the functions of `dlkit.rules`, run with ``keras.ops``.

It uses Keras's public interface alone, so that TensorFlow, JAX and PyTorch all run it. What a rule
carries from step to step is kept once for each variable, because only ``update_step`` is promised
to be called exactly when a step is taken (with gradient accumulation, not at every batch).
"""

import keras
import numpy as np
from keras import ops

from dlkit import checks, optimizers, schedules
from dlkit.rules import RULES


@keras.saving.register_keras_serializable(package="dlkit")
class RuleSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of dlkit as a Keras schedule: the same ``value``, run with ``keras.ops``.

    Parameters
    ----------
    schedule : Schedule or dict
        A schedule, or its configuration.
    """

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedules.get(schedule)

    def __call__(self, step):
        """Return the learning rate (scalar tensor) after ``step`` steps."""
        return self.schedule.value(ops, ops.cast(step, keras.config.floatx()))

    def get_config(self):
        """Return the configuration, as Keras saves it."""
        return {"schedule": self.schedule.get_config()}


@keras.saving.register_keras_serializable(package="dlkit")
class RuleOptimizer(keras.optimizers.Optimizer):
    """A Keras optimizer that runs a rule of `dlkit.rules`.

    Parameters
    ----------
    rule : str
        The rule's name, a key of ``RULES``.
    learning_rate : float or Schedule or keras.optimizers.schedules.LearningRateSchedule
        Above 0.
    hyperparameters : dict of str to float, optional
        The rule's hyper-parameters; its defaults where left out.
    weight_decay, clipnorm, clipvalue, global_clipnorm : float, optional
        As in Keras, which applies them.
    **keras_arguments
        What every Keras optimizer takes: ``gradient_accumulation_steps``, ``use_ema``, ``name``...

    Raises
    ------
    TypeError, ValueError
        For an unknown argument, or a value that is no number or out of range.
    """

    def __init__(
        self,
        rule,
        learning_rate,
        hyperparameters=None,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        **keras_arguments,
    ):
        shared = {
            "weight_decay": weight_decay,
            "clipnorm": clipnorm,
            "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm,
        }
        is_schedule = isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule)
        checked = optimizers.get(
            checks.choice("rule", rule, RULES),
            learning_rate=1.0 if is_schedule else learning_rate,
            **(hyperparameters or {}),
            **shared,
        )
        if checked.schedule is not None:
            learning_rate = RuleSchedule(checked.schedule)
        elif not is_schedule:
            learning_rate = checked.learning_rate
        shared = {name: checked.get_config()[name] for name in shared}
        if keras_arguments.get("gradient_accumulation_steps") is not None:
            steps = keras_arguments["gradient_accumulation_steps"]
            checks.whole_number("gradient_accumulation_steps", steps, minimum=2)
        keras_arguments.setdefault("name", rule)
        super().__init__(learning_rate, **shared, **keras_arguments)
        self.rule_name = rule
        self.hyperparameters = checked.hyperparameters

    @property
    def rule(self):
        """The rule that is run."""
        return RULES[self.rule_name]

    def build(self, variables):
        """Create the slots and the carried scalars of every variable."""
        if self.built:
            return
        super().build(variables)
        names = self.rule.init(np, np.zeros(1), **self.hyperparameters)
        self._slots = {
            name: self.add_optimizer_variables(variables, name, self._initializer(name))
            for name in names
        }
        self._scalars = {
            name: [
                self.add_variable(
                    (), keras.initializers.Constant(value), _scalar_dtype(v), name=name
                )
                for v in variables
            ]
            for name, value in self.rule.initial_scalars.items()
        }

    def update_step(self, gradient, variable, learning_rate):
        """Apply the rule to one variable, and keep its new slots."""
        index, dtype = self._get_variable_index(variable), variable.dtype
        scalar_dtype = _scalar_dtype(variable)
        slots = {name: ops.convert_to_tensor(of[index]) for name, of in self._slots.items()}
        scalars = {name: ops.convert_to_tensor(of[index]) for name, of in self._scalars.items()}
        step = ops.cast(self.iterations + 1, scalar_dtype)
        scalars = self.rule.advance(step, scalars, **self.hyperparameters)
        delta, updated = self.rule.update(
            ops,
            ops.cast(_dense(gradient), dtype),
            ops.convert_to_tensor(variable),
            slots,
            {name: ops.cast(value, dtype) for name, value in scalars.items()},
            ops.cast(learning_rate, dtype),
            **self.hyperparameters,
        )
        self.assign_add(variable, delta)
        for name, of in self._slots.items():
            self.assign(of[index], updated[name])
        for name, of in self._scalars.items():
            self.assign(of[index], scalars[name])

    def get_config(self):
        """Return the configuration, as Keras saves it."""
        return {
            **super().get_config(),
            "rule": self.rule_name,
            "hyperparameters": dict(self.hyperparameters),
        }

    def _initializer(self, name):
        def initialize(shape, dtype=None):
            return self.rule.init(ops, ops.zeros(shape, dtype), **self.hyperparameters)[name]

        return initialize


def to_keras(optimizer, **keras_arguments):
    """Return a Keras optimizer that runs the rule of ``optimizer``, from its first step.

    Parameters
    ----------
    optimizer : Optimizer
        An optimizer of `dlkit.optimizers`.
    **keras_arguments
        What Keras alone has, such as ``gradient_accumulation_steps``.

    Returns
    -------
    RuleOptimizer
    """
    config = optimizer.get_config()
    hyperparameters = {name: config.pop(name) for name in optimizer.hyperparameters}
    config["rule"] = config.pop("name")
    return RuleOptimizer(hyperparameters=hyperparameters, **config, **keras_arguments)


def _dense(gradient):
    """Return a gradient as a tensor; TensorFlow gives that of an embedding as rows and indices."""
    # On PyTorch every tensor has a method of this name, also a dense one.
    if hasattr(gradient, "indices") and not callable(gradient.indices):
        rows = ops.expand_dims(gradient.indices, -1)
        return ops.scatter(rows, gradient.values, gradient.shape)
    return ops.convert_to_tensor(gradient)


def _scalar_dtype(variable):
    """Return the dtype of scalars: a step beyond 256 needs more digits than half precision has."""
    return "float64" if variable.dtype == "float64" else "float32"
