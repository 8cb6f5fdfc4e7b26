"""A folder of checkpoints: each one a readable ``.json`` and an ``.npz`` with the arrays.

The arrays are written first, the text that names them and their checksum last, each under another
name until it is complete. So whenever the process is killed, every text belongs to whole arrays.
"""

import contextlib
import hashlib
import io
import json
import re
from pathlib import Path

import numpy as np

from dlkit import archives, files
from dlkit.archives import DamagedFileError
from dlkit.training.checkpoint_tree import decode, encode

FORMAT, VERSION = "dlkit.checkpoint", 1
LARGEST_TEXT = 64 * 2**20  # bytes
NAME = "checkpoint-{:06d}"
_OURS = re.compile(r"\.?checkpoint-(\d{6,12})\.(json|npz)(\.[0-9a-f]{16})?")


class CheckpointFolder:
    """Writes, reads, lists and removes the checkpoints of one folder.

    Parameters
    ----------
    path : str or path
        The folder; it is made if only its last part is missing.

    Raises
    ------
    TypeError, ValueError
        If it is no path.
    OSError
        If it cannot be made, or nothing can be written in it.
    """

    def __init__(self, path):
        self.path = files.check_path(path, "checkpoint_dir")
        self._made = not self.path.exists()
        try:
            self.path.mkdir(exist_ok=True)
            probe = self.path / ".checkpoint-probe"
            files.write_atomically(probe, lambda file: file.write(b"\0"))
            probe.unlink()
        except OSError as error:
            raise type(error)(
                f"Checkpoints cannot be written to checkpoint_dir={str(self.path)!r}: "
                f"{error.strerror or error}. It must be a folder in which you may write."
            ) from None

    def withdraw(self):
        """Remove the folder again if it was made here and nothing is in it."""
        if self._made:
            with contextlib.suppress(OSError):
                self.path.rmdir()

    def numbers(self):
        """Return the numbers of the checkpoints that are there, oldest first."""
        return numbers(self.path)

    def name(self, number):
        """Return what a checkpoint is called, without its two endings."""
        return NAME.format(number)

    def write(self, number, header, tree):
        """Write one checkpoint, complete or not at all.

        Parameters
        ----------
        number : int
            Its number; a new one.
        header : dict
            What everybody should be able to read: JSON values.
        tree : object
            Everything else, as `encode` takes it.

        Raises
        ------
        OSError
            If the disk is full, for example.
        ValueError, TypeError
            If it is larger than what would be read back, or cannot be kept.
        """
        arrays = []
        content = {"format": FORMAT, "version": VERSION, **header, "state": encode(tree, arrays)}
        size = sum(array.nbytes for array in arrays)
        if size > 0.99 * archives.LIMIT:
            raise ValueError(
                f"it would take {size / 2**20:,.0f} MB, and at most {archives.LIMIT / 2**20:.0f} "
                "MB are read back"
            )
        packed = io.BytesIO()
        np.savez(packed, **{f"a{index}": array for index, array in enumerate(arrays)})
        packed = packed.getbuffer()
        content["arrays"] = {"bytes": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
        text = json.dumps({"checksum": _checksum(content), **content}, indent=1, allow_nan=False)
        if len(text) > LARGEST_TEXT:
            raise ValueError(f"its text would take {len(text) / 2**20:,.0f} MB")
        stem = self.path / self.name(number)
        files.write_atomically(stem.with_suffix(".npz"), lambda file: file.write(packed))
        files.write_atomically(stem.with_suffix(".json"), lambda file: file.write(text.encode()))

    def keep_only(self, kept):
        """Remove all checkpoints but these, and what a killed process has left half written."""
        found = [(path, _OURS.fullmatch(path.name)) for path in self.path.iterdir()]
        for ending in ("json", "npz"):  # arrays last: a text without them would look damaged
            for path, match in found:
                if match and match[2] == ending and (match[3] or int(match[1]) not in kept):
                    with contextlib.suppress(OSError):
                        path.unlink()


def numbers(path):
    """Return the numbers of the checkpoints in a folder, oldest first."""
    found = (_OURS.fullmatch(each.name) for each in Path(path).iterdir())
    return sorted(int(match[1]) for match in found if match and match[2] == "json" and not match[3])


def read(path, number):
    """Return one checkpoint of a folder.

    Returns
    -------
    dict
        The header, and under ``"state"`` the tree that was given to `CheckpointFolder.write`.

    Raises
    ------
    DamagedFileError
        If it is damaged; the message names the file.
    """
    stem = Path(path) / NAME.format(number)
    text, packed = stem.with_suffix(".json"), stem.with_suffix(".npz")
    try:
        content = _content(text)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedFileError(_fault(text.name, error)) from None
    try:
        arrays = archives.read_arrays(_checked_bytes(packed, content["arrays"]))
        listed = [arrays[f"a{index}"] for index in range(len(arrays))]
        content["state"] = decode(content["state"], listed)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise DamagedFileError(_fault(packed.name, error)) from None
    return content


def _content(path):
    if path.stat().st_size > LARGEST_TEXT:
        raise ValueError("it is too large")
    with path.open("rb") as file:
        content = json.loads(file.read(LARGEST_TEXT))
    if not isinstance(content, dict):
        raise TypeError("its text is no JSON object")
    if content.pop("checksum") != _checksum(content):
        raise ValueError("its checksum does not fit")
    if (content["format"], content["version"]) != (FORMAT, VERSION):
        raise ValueError(
            f"it is {content['format']} version {content['version']}, and this dlkit reads "
            f"{FORMAT} version {VERSION}"
        )
    return content


def _checked_bytes(path, expected):
    limit = archives.LIMIT
    if path.stat().st_size != expected["bytes"] or not 0 < expected["bytes"] <= limit:
        raise ValueError("its length is not the one that was written")
    with path.open("rb") as file:
        packed = file.read(limit)
    if hashlib.sha256(packed).hexdigest() != expected["sha256"]:
        raise ValueError("its checksum does not fit")
    return io.BytesIO(packed)


def _checksum(content):
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _fault(name, error):
    if isinstance(error, FileNotFoundError):
        return f"{name} is damaged: the file is missing"
    if isinstance(error, json.JSONDecodeError):
        return f"{name} is damaged: it is no complete JSON text"
    if isinstance(error, KeyError):
        return f"{name} is damaged: its entry {error} is missing"
    if isinstance(error, OSError):
        return f"{name} cannot be read: {error.strerror or error}"
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    return f"{name} is damaged: {kind}{error}"
