"""`Data`: the training, validation and test parts of one data set, checked once and then fixed."""

from dataclasses import dataclass, fields

import numpy as np

from dlkit import checks
from dlkit.datasets.cleaning import (
    check_same_as_training,
    clean_inputs,
    clean_names,
    clean_targets,
    count_classes,
    is_one_hot,
)

TASK_TYPES = ("classification", "regression")


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """The parts of one data set, read-only, with what is known about them.

    Parameters
    ----------
    x_train : array_like, shape (samples, ...)
        Inputs to train on, first axis the samples. Floating-point inputs keep their dtype, whole
        numbers (tokens) stay whole, truth values become float32.
    y_train : array_like
        Classification: labels ``0 … classes − 1`` of shape (samples,), or one-hot rows of shape
        (samples, classes), or one label per time step (samples, time). Regression: targets of
        shape (samples,) or (samples, outputs), kept as a column (samples, outputs) as the output
        of a network is, so that no loss can spread (n,) against (n, 1) into (n, n).
    x_validation, y_validation : array_like, optional
        The part that judges the run while it trains; shapes as above. Both or neither; without
        them ``TrainingConfig(validation_split=0.2)`` takes it from the training part.
    x_test, y_test : array_like, optional
        The part that is looked at once, at the end. Both or neither.
    task_type : {"classification", "regression"}
    name : str
        What the set is called in titles and menus.
    class_names : sequence of str, optional
        One name per class, in the order of the labels.
    feature_names : sequence of str, optional
        One name per entry of the last axis of ``x_train``.
    target_name : str
        What is predicted, for axis labels of regression.
    target_unit : str
        The unit of the target, for axis labels of regression.

    Raises
    ------
    TypeError, ValueError
        If a part is empty, not numeric or not finite, or if the parts do not fit each other.

    Examples
    --------
    >>> data = Data([[0.0], [1.0]], [0, 1], [[0.5]], [1], name="step")
    >>> data
    Data(step: classification, 2 training and 1 validation samples, input shape (1,), 2 classes)
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray | None = None
    y_validation: np.ndarray | None = None
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    task_type: str = "classification"
    name: str = ""
    class_names: tuple | None = None
    feature_names: tuple | None = None
    target_name: str = "target"
    target_unit: str = ""

    def __post_init__(self):
        checks.choice("task_type", self.task_type, TASK_TYPES)
        for name in ("name", "target_name", "target_unit"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(
                    f"{name} must be a string, but got {checks.describe(getattr(self, name))}."
                )
        for part in ("validation", "test"):
            if (getattr(self, f"x_{part}") is None) != (getattr(self, f"y_{part}") is None):
                raise ValueError(f"x_{part} and y_{part} belong together: give both or neither.")
        clean = {}
        for part in self._parts():
            x = clean_inputs(f"x_{part}", getattr(self, f"x_{part}"))
            y = clean_targets(f"y_{part}", getattr(self, f"y_{part}"), self.task_type)
            checks.same_length(**{f"x_{part}": x, f"y_{part}": y})
            check_same_as_training(f"x_{part}", x, clean.get("x_train"))
            check_same_as_training(f"y_{part}", y, clean.get("y_train"))
            clean |= {f"x_{part}": x, f"y_{part}": y}
        clean["feature_names"] = clean_names(
            "feature_names", self.feature_names, clean["x_train"].shape[-1], "features"
        )
        clean["class_names"] = self._checked_class_names(clean)
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    def _parts(self):
        others = ("validation", "test")
        return "train", *(part for part in others if getattr(self, f"x_{part}") is not None)

    def _checked_class_names(self, clean):
        if self.class_names is None:
            return None
        if self.task_type == "regression":
            raise ValueError(
                "class_names is for classification only; leave it out for regression, or set "
                "task_type='classification'."
            )
        found = count_classes([clean[f"y_{part}"] for part in self._parts()])
        names = clean_names("class_names", self.class_names, None, "classes")
        one_hot = is_one_hot(clean["y_train"])
        if len(names) < found or (one_hot and len(names) != found):
            raise ValueError(
                f"class_names must name every class, but it has {len(names)} names and the labels "
                f"need {found}."
            )
        return names

    @property
    def input_shape(self):
        """The shape of one input, without the axis of samples."""
        return tuple(self.x_train.shape[1:])

    @property
    def output_dim(self):
        """How many numbers a network has to give back per sample: classes (2 if binary), or targets."""
        if self.task_type == "regression":
            return self.y_train.shape[-1]
        if self.class_names is not None:
            return len(self.class_names)
        return max(2, count_classes([getattr(self, f"y_{part}") for part in self._parts()]))

    def labels(self, part="validation"):
        """Return the class labels of one part as whole numbers, also where they are stored one-hot.

        Parameters
        ----------
        part : {"train", "validation", "test"}

        Returns
        -------
        numpy.ndarray of int64

        Raises
        ------
        ValueError
            If the part does not exist or the task is regression.
        """
        checks.choice("part", part, self._parts())
        if self.task_type == "regression":
            raise ValueError("labels() is for classification; this data set is for regression.")
        y = getattr(self, f"y_{part}")
        return y.argmax(axis=-1) if is_one_hot(y) else y

    def __repr__(self):
        sizes = [f"{len(getattr(self, f'x_{part}'))}" for part in self._parts()]
        words = [{"train": "training"}.get(part, part) for part in self._parts()]
        counts = [f"{size} {word}" for size, word in zip(sizes, words, strict=True)]
        kind = "classes" if self.task_type == "classification" else "target(s)"
        return (
            f"Data({self.name or 'unnamed'}: {self.task_type}, "
            f"{' and '.join(filter(None, (', '.join(counts[:-1]), counts[-1])))} samples, "
            f"input shape {self.input_shape}, {self.output_dim} {kind})"
        )

    def __reduce__(self):
        return type(self), tuple(getattr(self, field.name) for field in fields(self))
