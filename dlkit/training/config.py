"""One frozen, validated configuration of a training run."""

import dataclasses
import difflib
import json
import math
from collections.abc import Mapping
from types import MappingProxyType

from dlkit import checks, losses, optimizers, schedules
from dlkit.loss_base import check_takes_labels
from dlkit.training.class_weights import check_class_weight
from dlkit.training.plateau import plateau

MIXED_PRECISION = ("mixed_bfloat16",)

_COMMON = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")


@dataclasses.dataclass(frozen=True, repr=False)
class TrainingConfig:
    """Everything that decides how a model is trained, checked when it is made.

    Parameters
    ----------
    epochs : int
        How many times the training data are passed through, 1 or more.
    batch_size : int
        Samples per step, 1 or more; more than the data have means one batch with all of them.
    learning_rate : float
        Length of a step, above 0.
    loss : str or loss object, optional
        A name in ``dlkit.losses.LOSSES``, or such a loss. By default what the data ask for:
        cross-entropy for classes, mean squared error for numbers.
    optimizer : str or optimizer object
        A name in ``dlkit.optimizers.OPTIMIZERS``. A ``dlkit`` optimizer is taken apart into its
        name, its learning rate and its arguments; it is not changed by the run. Clipping and
        weight decay that it does not set are those of the configuration.
    optimizer_arguments : dict
        Further arguments of the optimizer, such as ``{"beta_1": 0.9}``.
    early_stopping : bool
        Whether to stop when the validation loss has not improved for ``patience`` epochs. The
        weights of the best epoch are brought back at the end of the run, also when it ran
        through all its epochs (as Keras's ``restore_best_weights``).
    patience : int
        Epochs without improvement before early stopping, 1 or more.
    min_delta : float
        By how much the loss must fall to count as an improvement, 0 or more.
    seed : int
        Fixes the order of the samples and the random numbers of dropout and noise, 0 or more.
    clipnorm, clipvalue, global_clipnorm : float, optional
        Gradient clipping, one of the three at most, each above 0.
    weight_decay : float, optional
        Decoupled weight decay per step, 0 or more.
    learning_rate_schedule : Schedule, optional
        Gives the learning rate of each step, instead of ``learning_rate``; a schedule of
        ``dlkit.schedules``, or what its ``get_config`` gave.
    plateau : ReduceLROnPlateau, optional
        Lowers the learning rate where the loss no longer falls, instead of a schedule; such a
        callback, or what its ``get_config`` gave. Each run begins with a fresh one. With early
        stopping it needs less patience than ``patience``, or the run ends before it does anything.
    log_every : int, optional
        Epochs between two lines in the log; a tenth of the epochs by default.
    shuffle : bool
        Whether the samples come in another order in each epoch.
    gradient_accumulation_steps : int
        Batches whose mean gradient makes one step, 1 or more: with a loss that is a mean, k batches
        of n samples do what one of k n would. As in Keras a group that an epoch leaves incomplete
        is completed by the next epoch, one that the run leaves incomplete is not used, and a
        schedule counts batches.
    class_weight : dict, optional
        Class label → weight of its samples in the training loss, 0 or more; 1 for a class that is
        left out. As in Keras the mean is taken over the number of samples, not over the sum of
        their weights, and neither metrics nor the validation loss are weighted.
    mixed_precision : str, optional
        ``"mixed_bfloat16"`` trains a Keras model with half the bits in all layers but the last;
        weights, losses and steps keep float32, and evaluation and predictions are computed in
        float32. Not for a Network.
    validation_split : float
        Share of the training samples that becomes the validation part of data that have none, 0 or
        more and below 1: the last samples, as in Keras, before any shuffling.
    record_layers : bool
        Whether the records of epochs hold numbers on each layer (`LayerRecord`): gradient norm,
        update-to-weight ratio, share of dead units.

    Raises
    ------
    TypeError, ValueError
        If a value is not allowed; the message names it, and what is allowed.
    """

    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 0.001
    loss: object = None
    optimizer: str = "adam"
    optimizer_arguments: Mapping = dataclasses.field(default_factory=dict)
    early_stopping: bool = True
    patience: int = 5
    min_delta: float = 0.0
    seed: int = 0
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    weight_decay: float | None = None
    learning_rate_schedule: object = None
    plateau: object = None
    log_every: int | None = None
    shuffle: bool = True
    gradient_accumulation_steps: int = 1
    class_weight: Mapping | None = None
    mixed_precision: str | None = None
    validation_split: float = 0.0
    record_layers: bool = False

    def __post_init__(self):
        self._take_optimizer_apart()
        for name in ("epochs", "batch_size", "patience", "gradient_accumulation_steps"):
            self._set(name, checks.whole_number(name, getattr(self, name)))
        self._set("seed", checks.whole_number("seed", self.seed, minimum=0))
        hint = "Try 0.001; useful values lie between 0.0001 and 0.1."
        if callable(self.learning_rate):
            hint = "TrainingConfig and fit take a schedule as learning_rate_schedule=… instead."
        self._set(
            "learning_rate", checks.number("learning_rate", self.learning_rate, above=0, hint=hint)
        )
        self._set("min_delta", checks.number("min_delta", self.min_delta, minimum=0))
        for name in ("early_stopping", "shuffle", "record_layers"):
            self._set(name, checks.truth_value(name, getattr(self, name)))
        if self.log_every is not None:
            self._set("log_every", checks.whole_number("log_every", self.log_every))
        if self.loss is not None:
            loss = check_takes_labels(losses.get(self.loss))
            self._set("loss", loss.name if isinstance(self.loss, str | type) else loss)
        if self.learning_rate_schedule is not None:
            schedule = checks.named(
                "learning_rate_schedule", schedules.get, self.learning_rate_schedule
            )
            self._set("learning_rate_schedule", schedule)
        if self.plateau is not None:
            self._set("plateau", plateau(self.plateau))
            if self.learning_rate_schedule is not None:
                raise ValueError(
                    "Only one of plateau and learning_rate_schedule may be given, but got both. "
                    "Leave one out: each sets the learning rate."
                )
        self._set(
            "validation_split",
            checks.number("validation_split", self.validation_split, minimum=0, below=1),
        )
        if self.class_weight is not None:
            self._set("class_weight", check_class_weight(self.class_weight))
        if self.mixed_precision is not None:
            checks.choice("mixed_precision", self.mixed_precision, MIXED_PRECISION)
        # checks what the optimizer is given now, and not at the first step
        whole = self.build_optimizer().needs_whole_loss
        if whole and self.gradient_accumulation_steps > 1:
            raise ValueError(
                f"gradient_accumulation_steps must be 1 with optimizer={self.optimizer!r}, which "
                "needs the loss of all samples at each step, but got "
                f"{self.gradient_accumulation_steps}."
            )

    @property
    def log_interval(self):
        """Epochs between two log lines: ``log_every``, or a tenth of the epochs."""
        return self.log_every or math.ceil(self.epochs / 10)

    def learning_rate_at(self, step):
        """Return the learning rate of a step (0 is the first batch of the run)."""
        step = checks.number("step", step, minimum=0)
        schedule = self.learning_rate_schedule
        return self.learning_rate if schedule is None else schedule(step)

    def learning_rates(self, step, count):
        """Return the learning rates of ``count`` steps from ``step`` on, as a tuple of floats."""
        step = checks.whole_number("step", step, minimum=0)
        count = checks.whole_number("count", count, minimum=0, maximum=checks.LARGEST_LENGTH)
        if self.learning_rate_schedule is None:
            return (self.learning_rate,) * count
        return tuple(self.learning_rate_at(step + index) for index in range(count))

    def build_optimizer(self):
        """Return a fresh optimizer of this configuration, with empty state."""
        rate = self.learning_rate_schedule or self.learning_rate
        common = {name: getattr(self, name) for name in _COMMON}
        return optimizers.get(
            self.optimizer, learning_rate=rate, **common, **self.optimizer_arguments
        )

    def replace(self, **changes):
        """Return a copy with some values changed, checked like a new one.

        Parameters
        ----------
        **changes
            New values by field name.

        Returns
        -------
        TrainingConfig
        """
        _check_names(changes)
        return TrainingConfig(**{**self._fields(), **changes})

    def to_json(self):
        """Return the configuration as JSON text that `from_json` reads back.

        Returns
        -------
        str
        """
        values = self._fields()
        for name in ("loss", "learning_rate_schedule", "plateau"):
            if hasattr(values[name], "get_config"):
                values[name] = values[name].get_config()
        return json.dumps(values, indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text):
        """Return the configuration that `to_json` wrote.

        Parameters
        ----------
        text : str
            A JSON object; names that are left out take their defaults.

        Returns
        -------
        TrainingConfig

        Raises
        ------
        TypeError, ValueError
            If it is no JSON object, names an unknown field, or holds a value that is not allowed.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a string of JSON, but got {checks.describe(text)}.")
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"text must be JSON, but got {checks.describe(text)}: {error}."
            ) from None
        if not isinstance(values, dict):
            raise TypeError(f"text must hold a JSON object {{...}}, but got {text[:40]!r}.")
        _check_names(values)
        return cls(**values)

    def _fields(self):
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        weights = self.class_weight if self.class_weight is None else dict(self.class_weight)
        return {
            **values,
            "optimizer_arguments": dict(self.optimizer_arguments),
            "class_weight": weights,
        }

    def __repr__(self):
        """Return how to write this configuration, defaults left out."""
        values = self._fields().items()
        given = [f"{name}={value!r}" for name, value in values if value != _DEFAULTS[name]]
        return f"TrainingConfig({', '.join(given)})"

    def _set(self, name, value):
        object.__setattr__(self, name, value)  # the one door through "frozen", at making

    def __reduce__(self):
        return _remake, (self._fields(),)  # a read-only mapping cannot be copied by itself

    def _take_optimizer_apart(self):
        """Turn an optimizer object into its name, its learning rate and its arguments."""
        if not isinstance(self.optimizer, optimizers.Optimizer):
            folded = self.optimizer.lower() if isinstance(self.optimizer, str) else self.optimizer
            self._set("optimizer", checks.choice("optimizer", folded, optimizers.OPTIMIZERS))
            self._set("optimizer_arguments", _read_only(self.optimizer_arguments))
            return
        if self.optimizer_arguments:
            raise ValueError(
                "optimizer_arguments must be left out if optimizer is an object: give them to "
                f"{type(self.optimizer).__name__}(...) itself."
            )
        arguments = self.optimizer.get_config()
        self._set("optimizer", arguments.pop("name"))
        rate = arguments.pop("learning_rate")
        self._set("learning_rate_schedule" if isinstance(rate, dict) else "learning_rate", rate)
        for name in _COMMON:
            of_optimizer = arguments.pop(name)
            if of_optimizer is not None:
                self._set(name, of_optimizer)
        self._set("optimizer_arguments", _read_only(arguments))


def check_config(config):
    """Return ``config`` if it is a `TrainingConfig`, or raise ``TypeError``."""
    if not isinstance(config, TrainingConfig):
        raise TypeError(
            f"config must be a TrainingConfig, but got {checks.describe(config)}. "
            "Write TrainingConfig(epochs=20, learning_rate=0.01), for example."
        )
    return config


def _read_only(arguments):
    if not isinstance(arguments, Mapping) or not all(isinstance(name, str) for name in arguments):
        raise TypeError(
            'optimizer_arguments must be a dictionary such as {"beta_1": 0.9}, but got '
            f"{checks.describe(arguments)}."
        )
    for name in ("learning_rate", *_COMMON):
        if name in arguments:
            raise ValueError(
                f"optimizer_arguments must not hold {name!r}: give it to the configuration itself."
            )
    return MappingProxyType(dict(arguments))


def _check_names(values):
    known = [field.name for field in dataclasses.fields(TrainingConfig)]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            suggestion = f" Did you mean {near[0]!r}?" if near else ""
            raise TypeError(
                f"A training configuration has no {name!r}; it has {', '.join(known)}.{suggestion}"
            )


def _remake(fields):
    return TrainingConfig(**fields)


_DEFAULTS = TrainingConfig()._fields()
