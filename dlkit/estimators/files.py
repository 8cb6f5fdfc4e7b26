"""A fitted estimator as one file, and its model behind a lock: what several threads may share."""

import io
import json
import threading
import zipfile
import zlib

import numpy as np

from dlkit import archives, checks, files
from dlkit.network import Network
from dlkit.report.metrics import predict

FORMAT, VERSION = "dlkit.estimator", 1
_HEADER, _MODEL = "estimator.json", {"numpy": "model.npz", "keras": "model.keras"}
_LARGEST_HEADER = 64 * 2**20
# RuntimeError: encrypted, or by a method of compression that Python does not know
_DAMAGE = (
    *(KeyError, TypeError, ValueError, OSError, EOFError, RuntimeError, AttributeError),
    *(zipfile.BadZipFile, zlib.error),
)


class Predictor:
    """A trained model that one thread at a time may ask.

    Parameters
    ----------
    model : Network or keras.Model
    """

    def __init__(self, model):
        self.model = model
        self._lock = threading.Lock()

    @property
    def kind(self):
        """``"numpy"`` or ``"keras"``."""
        return "numpy" if isinstance(self.model, Network) else "keras"

    def predict(self, x):
        """Return the model's outputs, shape (samples, outputs), float64."""
        with self._lock:
            return np.asarray(predict(self.model, x), dtype="float64")

    def to_bytes(self):
        """Return the model as the content of its file."""
        with self._lock:
            return _write(self.model, self.kind)

    @classmethod
    def from_bytes(cls, kind, content):
        """Return what `to_bytes` described."""
        return cls(_read(kind, content))

    def __getstate__(self):  # scikit-learn sends estimators to other processes
        return {"kind": self.kind, "content": self.to_bytes()}

    def __setstate__(self, state):
        self.__init__(_read(state["kind"], state["content"]))

    def __deepcopy__(self, memo):
        return type(self).from_bytes(self.kind, self.to_bytes())


def _write(model, kind):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _MODEL[kind]
        if kind == "numpy":
            model.save(path)
        else:
            from dlkit.keras.saving import save_model

            save_model(model, path)
        return path.read_bytes()


def _read(kind, content):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _MODEL[kind]
        path.write_bytes(content)
        if kind == "numpy":
            return Network.load(path)
        from dlkit.keras.saving import load_model

        return load_model(path)


def save(estimator, path):
    """Write a fitted estimator to ``path``."""
    predictor = estimator.predictor_
    header = {
        "format": FORMAT,
        "version": VERSION,
        "class": type(estimator).__name__,
        "parameters": _plain(estimator.get_params(deep=False)),
        "model": predictor.kind,
        "n_features_in": int(estimator.n_features_in_),
        "feature_names_in": _names(estimator),
    }
    if hasattr(estimator, "classes_"):
        classes = estimator.classes_
        header["classes"] = {"dtype": classes.dtype.str, "values": classes.tolist()}
    else:
        mean, scale, flat = estimator.target_
        header["target"] = [mean.tolist(), scale.tolist(), flat]
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr(_HEADER, json.dumps(header))
        archive.writestr(_MODEL[predictor.kind], predictor.to_bytes())
    files.write_atomically(path, lambda file: file.write(memory.getvalue()))


def load(kind, path):
    """Return the fitted estimator of class ``kind`` in the file ``path``."""
    path = files.check_path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, but {path} is a folder.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if sizes.get(_HEADER, _LARGEST_HEADER) >= _LARGEST_HEADER:
                raise ValueError("it has no description of an estimator")
            header = json.loads(archive.read(_HEADER))
            if header["format"] != FORMAT or header["version"] != VERSION:
                raise ValueError(f"it is {header['format']} version {header['version']}")
            name = _MODEL[header["model"]]
            if sizes.get(name, archives.LIMIT) >= archives.LIMIT:
                raise ValueError("its model is missing or larger than 512 MB")
            content = archive.read(name)
        if header["class"] != kind.__name__:
            raise ValueError(f"it holds a {header['class']}: load it with that class")
        made = kind(**header["parameters"])
        made.hidden_layers = tuple(made.hidden_layers)
        predictor = Predictor.from_bytes(header["model"], content)
        fitted = {"predictor_": predictor, "n_features_in_": int(header["n_features_in"])}
        if header["feature_names_in"] is not None:
            fitted["feature_names_in_"] = np.array(header["feature_names_in"], dtype=object)
        if "classes" in header:
            classes = header["classes"]
            fitted["classes_"] = np.array(classes["values"], dtype=_dtype(classes["dtype"]))
        else:
            mean, scale, flat = header["target"]
            fitted["target_"] = (np.array(mean), np.array(scale), bool(flat))
    except _DAMAGE as error:
        raise ValueError(f"{path} is no file of a {kind.__name__}: {error}.") from None
    made.__dict__.update(fitted)
    return made


def _dtype(name):
    dtype = np.dtype(object if name == "|O" else name)
    if dtype.kind not in "biufUO":
        raise ValueError(f"its classes are of dtype {name}")
    return dtype


def _names(estimator):
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _plain(parameters):
    """Return parameters ready for JSON; a random state that is no number is left out."""
    plain = {}
    for name, value in parameters.items():
        if name == "hidden_layers":
            value = [int(units) for units in value]
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, int | float | str | list | None | np.random.RandomState):
            raise TypeError(
                f"{name} must be a name or a number for an estimator that is saved, but got "
                f"{checks.describe(value)}."
            )
        plain[name] = None if isinstance(value, np.random.RandomState) else value
    return plain
