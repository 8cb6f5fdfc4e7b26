"""`export_script`: a run as a plain Python file that reproduces its numbers."""

import io
import sys
from pathlib import Path

import numpy as np

from dlkit import checks
from dlkit.files import check_target, write_atomically
from dlkit.network import Network
from dlkit.report.script_keras import keras_code
from dlkit.report.script_parts import config_code, data_code, network_code
from dlkit.report.script_text import script_text
from dlkit.training.job import TrainingJob

FRAMEWORKS = ("dlkit", "keras")


def export_script(run, path, framework="dlkit"):
    """Write a Python file that repeats a run and compares its losses with the recorded ones.

    A data set of the kit is named with its seed, and so are initial weights that a seed gives.
    What no name and no seed gives is written beside the script: ``…_data.npz``,
    ``…_weights.npz``, and a Keras model whose layers dlkit has not, ``…_model.keras``.

    Parameters
    ----------
    run : TrainingJob
        With at least one finished epoch; it may go on meanwhile.
    path : str or path
        The file, ending in ``.py``; its folder must exist.
    framework : {"dlkit", "keras"}
        ``"dlkit"`` trains by `TrainingJob`, with the same numbers to the bit on the same machine.
        ``"keras"`` trains by ``model.fit`` of Keras, from the same initial weights, on the same
        batches, with the same rule: in float32 the loss of the first epoch agrees to about 1e-5,
        and later ones drift apart by rounding; dropout draws other numbers there.

    Returns
    -------
    list of pathlib.Path
        The script, and the files beside it that it needs.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, the run has no finished epoch, or Keras's ``fit`` cannot do
        what the configuration or the network asks for; nothing is written then.
    OSError
        If the folder does not exist or cannot be written to.

    Examples
    --------
    >>> export_script(job, "my_run.py")  # doctest: +SKIP
    """
    if not isinstance(run, TrainingJob):
        raise TypeError(
            f"run must be a TrainingJob, such as lab.job, but got {checks.describe(run)}."
        )
    if not hasattr(run.engine, "initial_weights"):
        raise TypeError(
            "run must train a Network or a Keras model, but trains an engine of your own "
            f"({type(run.engine).__name__}), which no script can build."
        )
    path = check_target(path)
    if path.suffix != ".py":
        raise ValueError(f"path must end in .py, but got {path.name!r}.")
    if path.stem in {"dlkit", "keras", "numpy", *sys.stdlib_module_names}:
        raise ValueError(
            f"path must not be called {path.name}: the script imports {path.stem}, or a module that "
            f"does, and would find itself. Call it my_{path.name}."
        )
    checks.choice("framework", framework, FRAMEWORKS)
    history, config = run.history, run.config
    if not len(history):
        raise ValueError("run must have a finished epoch, but has none. Start it first.")
    unfinished = not history.stop_reason or history.stop_reason == "stopped by hand"
    if unfinished:
        config = config.replace(epochs=len(history))
    files = {}  # name -> bytes
    data, arrays = data_code(run.data, _seeds(run), f"{path.stem}_data.npz")
    if arrays is not None:
        files[f"{path.stem}_data.npz"] = _npz(arrays)
    model, name = _model_code(run, path.stem, files)
    if framework == "dlkit":
        parts = _dlkit_code(name)
    else:
        model, parts = keras_code(run, config, model, name)
    recorded = {key: history.history[key] for key in ("loss", "val_loss") if key in history.history}
    text = script_text(data, model, config_code(config), parts, recorded, framework, len(history))
    compile(text, path.name, "exec")  # no script that Python cannot read is ever written
    written = []
    for file_name, content in {**files, path.name: text.encode("utf-8")}.items():
        target = Path(path.parent, file_name)
        write_atomically(target, lambda file, content=content: file.write(content))
        written.append(target)
    return written[::-1]


def _seeds(run):
    """Return the seeds that may have made data and weights, without repetition."""
    own = getattr(run.model, "seed", None)
    return list(dict.fromkeys(seed for seed in (own, run.config.seed, 0) if seed is not None))


def _model_code(run, stem, files):
    """Return how the script builds the model, and what it is called there; add files it needs."""
    if isinstance(run.model, Network):
        network = Network.from_config(run.model.get_config())
        network.set_weights(run.engine.initial_weights)
    else:
        network = _from_keras(run)
    if network is None:
        return _saved_keras(run, stem, files), "model"
    code, weights = network_code(network, _seeds(run), f"{stem}_weights.npz")
    if weights is not None:
        files[f"{stem}_weights.npz"] = _npz(weights)
    if isinstance(run.model, Network):
        return code, "network"
    return f"{code}\nmodel = network.to_keras()", "model"


def _from_keras(run):
    """Return the network of a Keras model with its initial weights; None if there is none."""
    from dlkit.keras.convert import from_keras

    try:
        return from_keras(_fresh(run))
    except ValueError:
        return None


def _saved_keras(run, stem, files):
    import tempfile

    from dlkit.keras.saving import save_model

    name = f"{stem}_model.keras"
    with tempfile.TemporaryDirectory() as folder:
        files[name] = save_model(_fresh(run), Path(folder, "model.keras")).read_bytes()
    return f"model = load_model(FOLDER / {name!r})"


def _fresh(run):
    """Return a copy of a run's Keras model with the initial weights of the run."""
    from dlkit.keras.copies import copy_with_weights

    return copy_with_weights(run.model, run.engine.initial_weights)


def _npz(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _dlkit_code(name):
    return (
        f"job = TrainingJob({name}, data, config)\njob.start()\njob.wait()\n"
        "found = job.history.history"
    )
