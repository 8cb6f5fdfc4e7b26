"""The names of the older API: thin doors onto the builders, the job and the report.

Everything here can be had with more choice elsewhere: `dlkit.models` builds, `dlkit.TrainingJob`
trains, `dlkit.Report` reports.
"""

import numpy as np

from dlkit import checks
from dlkit.datasets import Data
from dlkit.datasets.cleaning import is_one_hot
from dlkit.report.metrics import predict
from dlkit.training.config import TrainingConfig
from dlkit.training.job import TrainingJob

TASK_TYPES = ("classification", "regression")
KINDS = ("sequential", "cnn", "rnn")


def prepare_dl_data(X_train, y_train, X_val, y_val, X_test, y_test, task_type="classification"):
    r"""Scale the features, and number the classes, by what the training part knows.

    Each feature (entry of the last axis) becomes :math:`(x - \mu)/\sigma`, with mean and standard
    deviation of the training part; a feature that never changes becomes 0. Class labels, whole
    numbers or words, become 0 … classes − 1 in sorted order. Regression targets stay as they are.

    Parameters
    ----------
    X_train, X_val, X_test : array_like, shape (samples, ..., features)
        Inputs of the three parts.
    y_train, y_val, y_test : array_like, shape (samples,)
        Labels or targets of the three parts.
    task_type : {"classification", "regression"}

    Returns
    -------
    tuple of six numpy.ndarray
        In the order of the arguments: inputs float32; labels int64, or targets float32.

    Raises
    ------
    TypeError, ValueError
        If a part is empty or not finite, if parts do not fit each other, or if a class of the
        validation or test part does not occur in training.
    """
    checks.choice("task_type", task_type, TASK_TYPES)
    x = {"X_train": X_train, "X_val": X_val, "X_test": X_test}
    y = {"y_train": y_train, "y_val": y_val, "y_test": y_test}
    x = {
        name: checks.array(name, part, ndim=range(2, 33), dtype="float64")
        for name, part in x.items()
    }
    for name, part in x.items():
        if part.shape[1:] != x["X_train"].shape[1:]:
            raise ValueError(
                f"{name} must have the same features as X_train, of shape "
                f"(samples, {', '.join(map(str, x['X_train'].shape[1:]))}), but has shape {part.shape}."
            )
    if task_type == "classification":
        y = _numbered(y)
    else:
        y = {
            name: checks.array(name, part, ndim=(1, 2), dtype="float64").astype("float32")
            for name, part in y.items()
        }
    for (x_name, x_part), (y_name, y_part) in zip(x.items(), y.items()):
        checks.same_length(**{x_name: x_part, y_name: y_part})
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x["X_train"].reshape(-1, x["X_train"].shape[-1]))
    scaled = [
        scaler.transform(part.reshape(-1, part.shape[-1])).reshape(part.shape).astype("float32")
        for part in x.values()
    ]
    return tuple(array for pair in zip(scaled, y.values()) for array in pair)


def _numbered(y):
    """Return the labels of each part as 0 … classes − 1, in the order that training gives them."""
    labels = {name: _labels(name, part) for name, part in y.items()}
    classes = np.unique(labels["y_train"])
    for name, part in labels.items():
        if (part.dtype.kind == "U") != (classes.dtype.kind == "U"):
            raise TypeError(
                f"{name} must hold the same kind of labels as y_train, whole numbers or words, but "
                f"got {checks.describe(y[name])}."
            )
        strange = np.setdiff1d(part, classes)
        if len(strange):
            known = ", ".join(map(str, classes[:10])) + (", …" if len(classes) > 10 else "")
            raise ValueError(
                f"{name} holds the class {strange[0]}, which does not occur in y_train, so that no "
                f"network can learn it. Its classes must be among: {known}. Split again, stratified."
            )
    return {name: np.searchsorted(classes, part) for name, part in labels.items()}


def _labels(name, given):
    """Return words as an array of strings, and numbers or one-hot rows as whole numbers."""
    flat = np.asarray(given, dtype=object).ravel()
    if len(flat) and all(isinstance(label, str) for label in flat):
        words = np.asarray(given, dtype=str)
        if words.ndim and words.size == len(words):
            return words.ravel()
    part = checks.array(name, given, ndim=(1, 2))
    if is_one_hot(part):
        return part.argmax(axis=1)
    if part.size != len(part) or (part != np.floor(part)).any():
        raise ValueError(
            f"{name} must hold one label per sample, a whole number or a word, or one-hot rows, but "
            f"got {checks.describe(given)}. For quantities, set task_type='regression'."
        )
    return part.ravel().astype("int64")


class DLTrainer:
    """Build and train Keras models with one call each."""

    @staticmethod
    def build_sequential_model(input_dim, output_dim, task_type="classification", **options):
        """Build a multilayer perceptron: see `dlkit.models.build_sequential_model`."""
        from dlkit.keras import builders

        return builders.build_sequential_model(input_dim, output_dim, task_type, **options)

    @staticmethod
    def build_cnn_model(input_shape, output_dim, task_type="classification", **options):
        """Build a convolutional network: see `dlkit.models.build_cnn_model`."""
        from dlkit.keras import builders

        return builders.build_cnn_model(input_shape, output_dim, task_type, **options)

    @staticmethod
    def build_rnn_model(input_shape, output_dim, task_type="classification", **options):
        """Build a recurrent network: see `dlkit.models.build_rnn_model`."""
        from dlkit.keras import builders

        return builders.build_rnn_model(input_shape, output_dim, task_type, **options)

    @staticmethod
    def train_dl_model(
        model,
        X_train,
        y_train,
        X_val,
        y_val,
        epochs=50,
        batch_size=32,
        learning_rate=0.001,
        early_stopping=True,
    ):
        """Train a model with Adam and return the history and the model.

        Parameters
        ----------
        model : keras.Model or Network
            Trained in place. A Keras model must be compiled: its loss tells the task.
        X_train, y_train, X_val, y_val : array_like
            Inputs (samples, ...), and labels 0 … classes − 1 or targets.
        epochs, batch_size : int
            1 or more.
        learning_rate : float
            Above 0.
        early_stopping : bool
            Whether to stop after 5 epochs without improvement, and take the best weights.

        Returns
        -------
        history : History
            ``history.history`` holds ``loss``, ``val_loss``, ``accuracy``, ``val_accuracy`` (or
            ``mae``, ``val_mae``), one value per epoch.
        model
            The same model, trained.

        Raises
        ------
        TypeError, ValueError
            If an argument is not allowed, or model and data do not fit each other.
        """
        config = TrainingConfig(
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            early_stopping=early_stopping,
        )
        for name, part in (("X_val", X_val), ("y_val", y_val)):
            checks.array(name, part)
        data = Data(X_train, y_train, X_val, y_val, task_type=_task_type(model, y_train))
        job = TrainingJob(model, data, config)
        job.start()
        job.wait()
        return job.history, model


def _task_type(model, y_train):
    """Return the task that a model's loss, or its outputs and the targets, speak of."""
    loss = getattr(model, "loss", None)
    if loss is not None:
        name = loss if isinstance(loss, str) else getattr(loss, "name", None) or loss.__name__
        return "classification" if "crossentropy" in name or "hinge" in name else "regression"
    y_train = checks.array("y_train", y_train, ndim=(1, 2))
    labels = y_train.size == len(y_train) and (y_train == np.floor(y_train)).all()
    outputs = (getattr(model, "output_shape", None) or (1,))[-1]
    whole = y_train.dtype.kind in "biu" or (labels and outputs > 1)
    return "classification" if whole or is_one_hot(y_train) else "regression"


def train_dl_model(
    kind,
    X_train,
    y_train,
    X_val,
    y_val,
    X_test,
    y_test,
    task_type="classification",
    epochs=50,
    batch_size=32,
    learning_rate=0.001,
    early_stopping=True,
):
    """Build a model of some kind for the data, train it, and predict the test part.

    Parameters
    ----------
    kind : {"sequential", "cnn", "rnn"}
        Which builder: it takes inputs of shape (features,), (height, width, channels) or (time,
        features).
    X_train, y_train, X_val, y_val, X_test, y_test : array_like
        As `prepare_dl_data` returns them.
    task_type : {"classification", "regression"}
    epochs, batch_size, learning_rate, early_stopping
        See `DLTrainer.train_dl_model`.

    Returns
    -------
    model : keras.Model
    history : History
    predictions : numpy.ndarray, shape (test samples, outputs)
        Probabilities of the classes, or predicted targets, of ``X_test``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, or the data do not fit the kind of model.
    """
    checks.choice("kind", kind, KINDS)
    given = {"X_val": X_val, "y_val": y_val, "X_test": X_test, "y_test": y_test}
    for name, part in given.items():
        checks.array(name, part)
    data = Data(X_train, y_train, X_val, y_val, X_test, y_test, task_type=task_type)
    needed = {"sequential": 1, "cnn": 3, "rnn": 2}[kind]
    if len(data.input_shape) != needed:
        shape = {1: "(features,)", 2: "(time, features)", 3: "(height, width, channels)"}
        right = {1: "sequential", 2: "rnn", 3: "cnn"}.get(len(data.input_shape))
        hint = f" kind={right!r} takes these." if right else ""
        raise ValueError(
            f"X_train must have samples of shape {shape[needed]} for kind={kind!r}, but they have "
            f"shape {data.input_shape}.{hint}"
        )
    TrainingConfig(epochs, batch_size, learning_rate, early_stopping=early_stopping)
    build = getattr(DLTrainer, f"build_{kind}_model")
    size = data.input_shape[0] if kind == "sequential" else data.input_shape
    model = build(size, data.output_dim, task_type)
    history, model = DLTrainer.train_dl_model(
        model,
        data.x_train,
        data.y_train,
        data.x_validation,
        data.y_validation,
        epochs,
        batch_size,
        learning_rate,
        early_stopping,
    )
    return model, history, predict(model, data.x_test.astype("float32"))
