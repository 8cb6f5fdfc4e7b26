"""Which exercises are solved: a small JSON file in the user's own data folder.

The environment variable DLKIT_PROGRESS names another file; with the value ``memory`` nothing is
written, which is how automatic runs stay alike.
"""

import json
import os
from pathlib import Path

from dlkit.files import write_atomically

VARIABLE = "DLKIT_PROGRESS"
BROKEN = (ValueError, KeyError, TypeError)  # what reading a file that is no record raises
_memory = set()


def path():
    """Return the file of the record, or None if it is kept in memory only.

    Returns
    -------
    pathlib.Path or None
    """
    chosen = os.environ.get(VARIABLE, "").strip()
    if chosen == "memory":
        return None
    if chosen:
        return Path(chosen).expanduser()
    try:
        from platformdirs import user_data_dir  # comes with Jupyter
    except ImportError:
        return Path.home() / ".dlkit" / "progress.json"
    return Path(user_data_dir("dlkit", appauthor=False)) / "progress.json"


def solved():
    """Return the set of the exercises solved so far; empty if the file is missing or broken."""
    file = path()
    if file is None:
        return set(_memory)
    try:
        return _read(file)
    except (OSError, *BROKEN):
        return set()


def add(exercise):
    """Record that an exercise is solved.

    The file is written whole under a temporary name and then put in place, so that a crash leaves
    the old one or the new one, never half a file. A file that is no record is kept beside it, with
    ``.broken`` added to its name.

    Parameters
    ----------
    exercise : str
        Its id.

    Returns
    -------
    str
        An empty string, or in one sentence why it could not be kept.
    """
    file = path()
    if file is None:
        _memory.add(exercise)
        return ""
    try:
        try:
            known = _read(file)  # again each time: another notebook may have written meanwhile
        except BROKEN:
            os.replace(file, file.with_name(file.name + ".broken"))
            known = set()
        if exercise not in known:
            _write(file, {"format": 1, "solved": sorted(known | {exercise})})
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return f"(Your progress could not be saved: {reason}. Set {VARIABLE} to another file.)"
    return ""


def _read(file):
    """Return what the file holds, nothing if there is none; raise one of BROKEN if it is broken."""
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))  # some editors add a mark
    except FileNotFoundError:
        return set()
    return {entry for entry in content["solved"] if isinstance(entry, str)}


def _write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, lambda stream: stream.write(json.dumps(content).encode("utf-8")))
