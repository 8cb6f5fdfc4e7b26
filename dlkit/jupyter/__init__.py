"""JupyterLab for a class: the first lesson open, no news pop-up, a port that is free."""

import os
import socket
import subprocess
import sys
from pathlib import Path

FIRST_PORT = 8888
PORTS_TRIED = 50


def is_free(port):
    """Return whether nothing on this machine listens at ``port``.

    Parameters
    ----------
    port : int
        1 to 65535.

    Returns
    -------
    bool
    """
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would allow a second listener
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(wanted=None):
    """Return a free port, and a remark if it is not the usual one.

    Parameters
    ----------
    wanted : int, optional
        The port to use; by default the first free one from 8888.

    Returns
    -------
    tuple of (int, str)
        The port and what to tell the user, empty when nothing is to be told.

    Raises
    ------
    OSError
        If the wanted port is taken or not allowed, or no port of the usual range is free.
    """
    start = FIRST_PORT if wanted is None else wanted
    free = next((p for p in range(start, min(start + PORTS_TRIED, 65536)) if is_free(p)), None)
    if free == start:
        return free, ""
    if wanted is not None:
        advice = f" Use --port {free}, which is free," if free else " Use another one"
        raise OSError(
            f"Port {wanted} is taken by another program, or needs administrator rights."
            f"{advice} or leave --port away."
        )
    if free is None:
        raise OSError(
            f"The ports {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are all taken: "
            "close a JupyterLab that you no longer need, or choose one with --port."
        )
    return free, f"Port {start} is taken (another JupyterLab?): using {free}."


def lab_environment():
    """Return the environment variables for JupyterLab: quiet, no pop-ups, this Python's kernel.

    Returns
    -------
    dict of str to str
        The settings in ``labconfig`` are defaults: what the user chose in JupyterLab wins. The
        programs beside this Python come first, so that ``!dlkit doctor`` works in a cell.
    """
    from dlkit.notebooks import kernel_environment

    environment = kernel_environment()
    places = [str(Path(__file__).parent), environment.get("JUPYTER_CONFIG_PATH", "")]
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, places))
    programs = [str(Path(sys.executable).parent), environment.get("PATH", "")]
    environment["PATH"] = os.pathsep.join(filter(None, programs))
    return environment


def lab_command(lessons, lesson, port, headless):
    """Return the command that starts JupyterLab.

    Parameters
    ----------
    lessons : pathlib.Path
        The folder of the lessons; its parent is what JupyterLab shows.
    lesson : pathlib.Path
        The notebook to open; none is opened when it does not exist.
    port : int
        A free port.
    headless : bool
        Whether to open no browser window.

    Returns
    -------
    list of str
    """
    root = lessons.parent
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    if lesson.is_file():
        command.append(f"--LabApp.default_url=/lab/tree/{lesson.relative_to(root).as_posix()}")
    if headless:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container; the server listens on this machine alone
    return command


def run_lab(lessons, lesson, port, headless):
    """Run JupyterLab until it ends; where the system can, become JupyterLab.

    Parameters
    ----------
    lessons, lesson, port, headless
        As for ``lab_command``.

    Returns
    -------
    int
        Its exit code; 0 when the user ended it with Ctrl+C.
    """
    command, environment = lab_command(lessons, lesson, port, headless), lab_environment()
    if os.name != "nt":  # one process less, and signals reach the right one
        os.execve(command[0], command, environment)
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # JupyterLab got it too: wait for its answer
