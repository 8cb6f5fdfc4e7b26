"""Scripts that a lab saves beside the notebook, each under a name of its own."""

from pathlib import Path

_NAME = "training_run_{}"
_MOST = 1000


def save_under_new_name(export, framework):
    """Write a script into the present folder under the first free name, and nothing over another.

    Parameters
    ----------
    export : callable
        ``export(path, framework)`` writes the script and returns the files.
    framework : str
        ``"dlkit"`` or ``"keras"``.

    Returns
    -------
    list of pathlib.Path
        The script ``training_run_1.py`` (or 2, 3 …), and the files beside it that it needs.

    Raises
    ------
    OSError
        If the folder cannot be written to, or holds a thousand such scripts.
    """
    path = _reserve()
    try:
        return export(path, framework)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _reserve():
    """Make an empty script under a free name: two labs never take the same one."""
    for number in range(1, _MOST + 1):
        stem = _NAME.format(number)
        if any(Path.cwd().glob(f"{stem}_*")):  # data or weights of another script
            continue
        try:
            Path(f"{stem}.py").touch(exist_ok=False)
        except FileExistsError:
            continue
        return Path(f"{stem}.py")
    raise OSError(f"This folder holds {_MOST} scripts of runs already. Move some away.")
