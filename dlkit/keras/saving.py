"""Save and load Keras models so that a file is complete or not there, and runs no foreign code."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np

from .. import checks
from ..archives import LIMIT
from ..files import check_path, check_target, write_atomically
from . import optimizer, positions  # noqa: F401 - registers dlkit's own classes with Keras

# Keras keeps weights and optimizer, but not where the random numbers of dropout have got to. They
# stand in the file under a name of their own, which Keras does not look at.
_RANDOM = "dlkit_random_state.json"
_MOST_RANDOM = 2**20  # bytes
_UNSAFE = (".h5", ".hdf5", ".keras.h5", ".pkl", ".pickle")


def save_model(model, path):
    """Write a model, with its optimizer's state if it is compiled, to a ``.keras`` file.

    Keras itself writes in place, so that a process killed in the middle leaves a broken file. Here
    the new file gets its name at the very end; until then the old one stays as it is. Nor does
    Keras keep the random state of dropout, without which a resumed run is another run; here it is
    part of the file, for `load_model`.

    Parameters
    ----------
    model : keras.Model
        Built.
    path : str or path
        Must end in ``.keras``; its folder must exist.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError
        If ``model`` is no Keras model or ``path`` no path.
    ValueError
        If the ending is another one, or the model is not built.
    OSError
        If the folder does not exist, or the disk is full; an old file is still there then.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model, but got {checks.describe(model)}.")
    path = check_target(_keras_path(path))
    if not model.built:
        raise ValueError("model must be built before it is saved. Put keras.Input(...) first.")
    compiled = getattr(model, "optimizer", None)
    if compiled is not None and not compiled.built:
        compiled.build(model.trainable_variables)  # else loading warns about missing variables
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "model.keras")
        model.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            states = [keras.ops.convert_to_numpy(each).tolist() for each in random_states(model)]
            archive.writestr(_RANDOM, json.dumps(states))
        with draft.open("rb") as source:
            write_atomically(path, lambda file: shutil.copyfileobj(source, file))
    return path


def load_model(path):
    """Return the model that `save_model`, or Keras, wrote to a ``.keras`` file.

    It is loaded with ``safe_mode=True``: Keras then refuses models that carry code of their own
    (Lambda layers). Load files from people you trust only, all the same.

    Parameters
    ----------
    path : str or path
        Must end in ``.keras``.

    Returns
    -------
    keras.Model

    Raises
    ------
    TypeError
        If ``path`` is no path.
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is another kind of file (``.h5`` and pickle files can run code when they are loaded
        and are refused), or damaged, or holds code.
    """
    path = _keras_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is damaged, or no .keras file: it is not a zip archive.")
    _check_size(path)
    try:
        model = keras.saving.load_model(path, safe_mode=True)
        _restore_random_state(model, path)
        return model
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged, or no .keras file: {error}.") from error


def random_states(model):
    """Return the variables that hold a model's random states, in a fixed order, without checks."""
    weights = {id(variable) for variable in model.weights}
    return [v for v in model.variables if id(v) not in weights and v.name == "seed_generator_state"]


def _restore_random_state(model, path):
    """Set the random states of layers to those of the file; a file of Keras's own has none."""
    with zipfile.ZipFile(path) as archive:
        if _RANDOM not in archive.namelist():
            return
        if archive.getinfo(_RANDOM).file_size > _MOST_RANDOM:
            raise KeyError("its random states are too large")
        text = archive.read(_RANDOM)
    variables = random_states(model)
    try:
        arrays = [np.array(state, dtype="uint32") for state in json.loads(text)]
    except (ValueError, TypeError, OverflowError) as error:
        raise KeyError(f"its random states are no numbers ({error})") from None
    if [array.shape for array in arrays] != [tuple(each.shape) for each in variables]:
        raise KeyError("its random states are not those of its layers")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _check_size(path):
    """Raise ``ValueError`` if a file declares more than is read; nothing is unpacked for that."""
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path} is damaged, or no .keras file: {error}.") from None
    if declared > LIMIT:
        raise ValueError(
            f"{path} declares {declared / 2**20:,.0f} MB, and at most {LIMIT / 2**20:.0f} MB are "
            "read."
        )


def _keras_path(path):
    path = check_path(path)
    if path.suffix.lower() in _UNSAFE:
        raise ValueError(
            f"path must end in '.keras', but got {path.name!r}. Files of that kind can run code "
            "when they are loaded. Save the model again as a '.keras' file."
        )
    if path.suffix != ".keras":
        raise ValueError(f"path must end in '.keras', but got {path.name!r}.")
    return path
