"""Neural networks as scikit-learn estimators: in pipelines, grid searches and cross-validation."""

import copy
import math

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from dlkit import checks, layers
from dlkit.datasets import Data
from dlkit.estimators.files import Predictor, load, save
from dlkit.network import Network
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob

ENGINES = ("numpy", "keras")
DEVICES = ("auto", "cpu", "gpu")
FEWEST_TO_VALIDATE = 20  # samples, below which none is set aside
MOMENTUM = 0.9  # of batch normalization's moving averages
# Their memory is 1 / (1 - momentum) batches. With 0.99, Keras's default, that is 100 batches: twenty
# epochs of a data set of 150 samples, while early stopping, which judges the network by them, has
# a patience of ten. With 0.9, PyTorch's default (its momentum=0.1), it is 10 batches.


class _NeuralNetwork(BaseEstimator):
    """What classifier and regressor share: the network, its training, its file.

    ``fit`` builds everything anew and sets all results in one go at its end, so that other threads
    that predict meanwhile see the old model or the new one, and never a mixture.
    """

    def __init__(
        self,
        hidden_layers=(128, 64, 32),
        *,
        epochs=100,
        learning_rate=0.001,
        batch_size=32,
        dropout_rate=0.2,
        weight_decay=1e-5,
        batch_normalization=True,
        engine="numpy",
        device="auto",
        activation="relu",
        optimizer="adam",
        early_stopping=True,
        patience=10,
        validation_fraction=0.1,
        random_state=None,
    ):
        self.hidden_layers = hidden_layers
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dropout_rate = dropout_rate
        self.weight_decay = weight_decay
        self.batch_normalization = batch_normalization
        self.engine = engine
        self.device = device
        self.activation = activation
        self.optimizer = optimizer
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def _train(self, x, y, outputs, task_type, labels=None):
        """Return a trained `Predictor` and its history."""
        config, rows, others = self._settings(), np.arange(len(x)), None
        if self.early_stopping and len(x) >= FEWEST_TO_VALIDATE:
            size = max(1, math.ceil(self.validation_fraction * len(x)))
            if size >= len(x):
                raise ValueError(
                    f"validation_fraction must leave samples to train on, but "
                    f"{self.validation_fraction:g} takes all {len(x)}."
                )
            stratify = labels if labels is not None and _can_stratify(labels, size) else None
            rows, others = train_test_split(
                rows, test_size=size, random_state=config.seed, stratify=stratify
            )
        data = Data(
            x[rows],
            y[rows],
            None if others is None else x[others],
            None if others is None else y[others],
            task_type=task_type,
            class_names=None if labels is None else [str(number) for number in range(outputs)],
        )
        model = self._build(x.shape[1], outputs, task_type, config.seed)
        if self.engine == "keras":
            from dlkit.keras.devices import on_device

            with on_device(self.device):
                model = model.to_keras()
                history = _run(model, data, config)
        else:
            history = _run(model, data, config)
        return Predictor(model), history

    def _settings(self):
        """Check all parameters, and return those of the training as a `TrainingConfig`."""
        checks.choice("engine", self.engine, ENGINES)
        checks.choice("device", self.device, DEVICES)
        checks.truth_value("batch_normalization", self.batch_normalization)
        checks.number("dropout_rate", self.dropout_rate, minimum=0, below=1)
        checks.number("validation_fraction", self.validation_fraction, above=0, below=1)
        seed = int(check_random_state(self.random_state).randint(2**31))
        return TrainingConfig(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            optimizer=self.optimizer,
            weight_decay=self.weight_decay,
            early_stopping=self.early_stopping,
            patience=self.patience,
            seed=seed,
        )

    def _build(self, features, outputs, task_type, seed):
        """Dense → batch normalization → activation → dropout for each hidden layer, then Dense."""
        hidden = self.hidden_layers
        if not isinstance(hidden, list | tuple | np.ndarray):
            raise TypeError(
                f"hidden_layers must be a list of sizes such as (64, 32), but got "
                f"{checks.describe(hidden)}."
            )
        stack = []
        for units in hidden:
            stack.append(layers.Dense(units, kernel_initializer="he_normal"))
            if self.batch_normalization:
                stack.append(layers.BatchNormalization(momentum=MOMENTUM))
            stack.append(layers.Activation(self.activation))
            if self.dropout_rate:
                stack.append(layers.Dropout(self.dropout_rate))
        last = "softmax" if task_type == "classification" else "linear"
        stack.append(layers.Dense(outputs, last))
        return Network(stack, (features,), seed=seed, dtype="float64")

    def _finish(self, checked, **fitted):
        """Set what ``fit`` found, all at once."""
        names = ("n_features_in_", "feature_names_in_")
        fitted |= {name: getattr(checked, name) for name in names if hasattr(checked, name)}
        if "feature_names_in_" not in fitted:
            self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(fitted)
        return self

    def _outputs(self, X):
        """Return the state that was fitted, as of one moment, and the network's outputs for X."""
        state = copy.copy(self)  # a fit in another thread cannot change it half-way
        check_is_fitted(state)
        X = validate_data(state, X, dtype="float64", reset=False)
        return state, state.predictor_.predict(X)

    def __sklearn_is_fitted__(self):
        return "predictor_" in self.__dict__

    def save(self, path):
        """Write the fitted estimator to one file, complete or not at all; no pickle.

        Parameters
        ----------
        path : str or path
            The file, by convention ending in ``.dlkit``; its folder must exist.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If it has not been fitted.
        TypeError, OSError
            If nothing can be written there.
        """
        check_is_fitted(self)
        save(self, path)

    @classmethod
    def load(cls, path):
        """Return the fitted estimator that `save` wrote.

        Parameters
        ----------
        path : str or path
            The file.

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no such file, or it is damaged, foreign, or of another kind of estimator.
        """
        return load(cls, path)


class NeuralNetworkClassifier(ClassifierMixin, _NeuralNetwork):
    r"""A multilayer perceptron that classifies.

    :math:`p = \mathrm{softmax}(W h + b)`, :math:`h` the last hidden layer; trained on the
    cross-entropy. Each hidden layer is Dense → batch normalization → activation → dropout.

    Parameters
    ----------
    hidden_layers : sequence of int
        Units of each hidden layer; an empty one makes logistic regression.
    epochs, batch_size : int
        1 or more.
    learning_rate : float
        Above 0.
    dropout_rate : float
        Share of units set to zero while training, 0 or more and below 1.
    weight_decay : float or None
        Decoupled weight decay per step, 0 or more.
    batch_normalization : bool
        With momentum 0.9 instead of Keras's 0.99: small data sets have few batches per epoch, and
        the moving averages, by which early stopping judges the network, would lag too far behind.
    engine : {"numpy", "keras"}
        Who computes: dlkit's NumPy engine in float64, or Keras from the same initial weights.
    device : {"auto", "cpu", "gpu"}
        Where Keras computes; without effect on the NumPy engine.
    activation, optimizer : str
        Of the hidden layers; of the training.
    early_stopping : bool
        Whether to set ``validation_fraction`` of the samples aside (of 20 samples or more), stop
        after ``patience`` epochs without a lower loss on them, and keep the best weights.
    patience : int
    validation_fraction : float
    random_state : int, RandomState or None
        Fixes the initial weights, the split, the order of the samples and dropout.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    history_ : History
        The run: losses and metrics of each epoch.
    predictor_ : Predictor
        Holds the trained model, as ``predictor_.model``.

    Raises
    ------
    TypeError, ValueError
        By ``fit``, if a parameter is not allowed, before any training.
    """

    def fit(self, X, y):
        """Train from fresh weights.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : array_like of shape (n_samples,)
            Labels, numbers or words, of at least two classes.

        Returns
        -------
        self
        """
        self._settings()
        checked = copy.copy(self)
        X, y = validate_data(checked, X, y, dtype="float64")
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"y must hold at least two classes, but got 1 class only: {classes[0]!r}."
            )
        predictor, history = self._train(X, labels, len(classes), "classification", labels)
        return self._finish(checked, classes_=classes, predictor_=predictor, history_=history)

    def predict_proba(self, X):
        """Return the probability of each class, shape (n_samples, n_classes)."""
        return self._outputs(X)[1]

    def predict(self, X):
        """Return the most probable class of each sample, shape (n_samples,)."""
        state, probabilities = self._outputs(X)
        return state.classes_[probabilities.argmax(axis=1)]


class NeuralNetworkRegressor(RegressorMixin, _NeuralNetwork):
    r"""A multilayer perceptron that predicts numbers.

    :math:`\hat y = W h + b`, :math:`h` the last hidden layer; trained on the mean squared error of
    the targets, which are brought to mean 0 and standard deviation 1 for the training, so that the
    learning rate does not depend on their unit.

    Parameters are those of `NeuralNetworkClassifier`.

    Attributes
    ----------
    history_ : History
        The run; losses are in units of the standardised targets.
    predictor_ : Predictor
        Holds the trained model, as ``predictor_.model``.

    Raises
    ------
    TypeError, ValueError
        By ``fit``, if a parameter is not allowed, before any training.
    """

    def fit(self, X, y):
        """Train from fresh weights.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : array_like of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers.

        Returns
        -------
        self
        """
        self._settings()
        checked = copy.copy(self)
        X, y = validate_data(checked, X, y, dtype="float64", multi_output=True, y_numeric=True)
        columns = np.asarray(y, dtype="float64").reshape(len(y), -1)
        mean, scale = columns.mean(axis=0), columns.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        predictor, history = self._train(
            X, (columns - mean) / scale, columns.shape[1], "regression"
        )
        return self._finish(
            checked,
            target_=(mean, scale, np.ndim(y) == 1),
            predictor_=predictor,
            history_=history,
        )

    def predict(self, X):
        """Return the predicted targets, in the shape that ``fit`` saw them."""
        state, outputs = self._outputs(X)
        mean, scale, flat = state.target_
        found = outputs * scale + mean
        return found[:, 0] if flat else found

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _run(model, data, config):
    job = TrainingJob(model, data, config)
    job.start()
    job.wait()
    return job.history


def _can_stratify(labels, size):
    counts = np.bincount(labels)
    return counts.min() >= 2 and size >= len(counts) and len(labels) - size >= len(counts)
