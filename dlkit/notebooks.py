"""Stored notebooks: run them in this very interpreter, and keep of the result only what is true anywhere."""

import hashlib
import os
import subprocess
from pathlib import Path

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError
from nbformat.reader import NotJSONError

from dlkit.files import write_atomically

JUPYTER_FILES = Path(__file__).with_name("jupyter")
SANITIZE_FILE = JUPYTER_FILES / "nbval_sanitize.cfg"
CELL_TIMEOUT = 120  # seconds
# A cell that raises, takes too long or kills its kernel; a file that is no notebook or not writable.
FAILURES = (
    CellExecutionError,
    CellControlSignal,
    TimeoutError,
    DeadKernelError,
    NotJSONError,
    OSError,
)
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_LIVE_VIEWS = ("application/vnd.jupyter.widget-view+json",)


class ThisInterpreter(KernelSpecManager):
    """Knows one kernel, the running interpreter: a foreign ``python3`` cannot slip in."""

    def get_kernel_spec(self, kernel_name):
        """Return the kernel of the running interpreter, whatever ``kernel_name`` is.

        Parameters
        ----------
        kernel_name : str
            The name that a notebook asks for.

        Returns
        -------
        jupyter_client.kernelspec.KernelSpec
        """
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


def check_environment():
    """Return the environment of an automatic run: what it solves, no learner has solved."""
    return {**kernel_environment(), "DLKIT_PROGRESS": "memory"}


def kernel_environment(base=None):
    """Return the environment variables for a process that runs lessons.

    Parameters
    ----------
    base : mapping of str to str, optional
        What to start from, by default ``os.environ``; what it already says about Keras,
        TensorFlow and OpenMP is kept.

    Returns
    -------
    dict of str to str
    """
    environment = dict(os.environ if base is None else base)
    environment.setdefault("KERAS_BACKEND", "tensorflow")
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    environment.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    # Threads of scikit-learn's trees that wait actively take ten times as long on a busy machine.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # The kernel "python3" is then this environment's, also where the user has another at home.
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    return environment


def find_notebooks(paths):
    """Return the notebooks among files and folders, each once and in order.

    Parameters
    ----------
    paths : iterable of str or path-like
        Notebook files, and folders that are searched to the bottom.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If a file is no notebook.
    """
    found = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.rglob("*.ipynb"))
            found += [p for p in inside if not _is_hidden(p.relative_to(path))]
        elif not path.exists():
            raise FileNotFoundError(f"There is no notebook {path}.")
        elif path.suffix != ".ipynb":
            raise ValueError(f"{path} is no notebook: its name must end in .ipynb.")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _is_hidden(path):
    return any(part.startswith(".") for part in path.parts)


def normalize(notebook):
    """Return a copy with everything removed that differs from machine to machine or run to run.

    Kept are sources, tags, texts and pictures. Gone are widget states and views, timings, versions and
    front-end settings; executed cells count 1 … n. Doing it twice changes nothing.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        A notebook of format 4.

    Returns
    -------
    nbformat.NotebookNode
    """
    cells, count, used = [], 0, set()
    for cell in notebook.cells:
        new = nbformat.NotebookNode(cell_type=cell.cell_type, source=cell.source)
        new.id = _cell_id(cell, used)
        new.metadata = _only(cell.metadata, ("tags",))
        if cell.get("attachments"):
            new.attachments = cell.attachments
        if cell.cell_type == "code":
            executed = cell.get("execution_count") is not None
            count += executed
            new.execution_count = count if executed else None
            new.outputs = _normalize_outputs(cell.outputs, new.execution_count)
        cells.append(new)
    return nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": _METADATA, "cells": cells}
    )


def _cell_id(cell, used):
    """Return the cell's own name, or for a cell without one a name made from its text."""
    name = cell.get("id")
    number = 0
    while not name or name in used:
        name = hashlib.sha256(f"{number}{cell.source}".encode()).hexdigest()[:8]
        number += 1
    used.add(name)
    return name


def _normalize_outputs(outputs, count):
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            text = {"output_type": "stream", "name": output.name, "text": output.text}
            if kept and kept[-1].get("name") == output.name:
                kept[-1]["text"] += output.text  # how a stream is cut in pieces is chance
            else:
                kept.append(text)
        elif output.output_type == "error":
            kept.append(_only(output, ("output_type", "ename", "evalue", "traceback")))
        else:
            data = {kind: value for kind, value in output.data.items() if kind not in _LIVE_VIEWS}
            if data:
                new = {"output_type": output.output_type, "data": data}
                new["metadata"] = _only(output.metadata, data)
                if output.output_type == "execute_result":
                    new["execution_count"] = count
                kept.append(new)
    return kept


def _only(mapping, names):
    return {name: value for name, value in mapping.items() if name in names}


def execute(notebook, folder, timeout=CELL_TIMEOUT):
    """Run every cell in a fresh kernel of this interpreter and store the outputs in ``notebook``.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Its outputs are replaced.
    folder : path-like
        Where the kernel starts.
    timeout : float
        Seconds that one cell may take.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell raises, ``nbclient.exceptions.CellTimeoutError`` if one takes too long.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=timeout,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisInterpreter()),
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
    )
    # The kernel's own log lines go nowhere; what cells write to stderr is an output like any other.
    client.execute(cleanup_kc=True, env=check_environment(), stderr=subprocess.DEVNULL)


def update(path, timeout=CELL_TIMEOUT):
    """Run a stored notebook in its folder and store it again, normalised, if no cell raised.

    Parameters
    ----------
    path : path-like
        The notebook; it stays as it was when a cell raises or takes too long.
    timeout : float
        Seconds that one cell may take.

    Returns
    -------
    bool
        Whether the file has changed.
    """
    path = Path(path)
    before = path.read_text(encoding="utf-8")
    notebook = normalize(nbformat.reads(before, as_version=4))
    execute(notebook, path.resolve().parent, timeout)
    after = nbformat.writes(normalize(notebook)).rstrip("\n") + "\n"
    if after != before:
        _replace(path, after)
    return after != before


def _replace(path, text):
    """Write beside the file and move over it: a reader sees the old notebook or the new one."""
    write_atomically(path, lambda file: file.write(text.encode("utf-8")))
