"""Writing a file so that it is complete or not there at all."""

import contextlib
import os
import secrets
from pathlib import Path

from dlkit import checks


def write_atomically(path, write):
    """Write a file under a temporary name, force it onto the disk, then give it its name.

    Parameters
    ----------
    path : str or path
        The file; an existing one is replaced at the very end. A link stays one: what it points to
        is written.
    write : callable
        ``write(file)`` writes everything to a binary file object.

    Raises
    ------
    TypeError
        If ``path`` is no path.
    FileNotFoundError, IsADirectoryError
        If its folder does not exist, or it is a folder itself.
    OSError
        If the disk is full or the folder is not writable; the old file is still there then.
    """
    path = Path(os.path.realpath(check_target(path)))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    stream = open(temporary, "xb")  # with the rights of an ordinary file, unlike mkstemp's
    try:
        with stream as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def check_target(path):
    """Return ``path`` as a `Path` if a file can be written there; ask before long work.

    Raises
    ------
    TypeError, ValueError, IsADirectoryError, FileNotFoundError
        If it is no path, or a folder, or its folder does not exist.
    """
    path = check_path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, but {path} is a folder.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The folder {path.parent} does not exist. Make it first.")
    return path


def check_path(path, name="path"):
    """Return ``path`` as a `Path`, or raise ``TypeError`` if it is none.

    Parameters
    ----------
    path : str or path
        What came.
    name : str
        The argument's name.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise TypeError(
            f"{name} must be the path of a file or folder, but got {checks.describe(path)}."
        )
    if isinstance(os.fspath(path), bytes) or "\0" in os.fspath(path):
        raise ValueError(f"{name} must be a text without NUL, but got {checks.describe(path)}.")
    return Path(path)
