"""Set everything up, then open the first lesson or run every test.

    python start.py [--port N] [--headless]        JupyterLab at the first lesson
    python start.py test [--full] [pytest's own]   every test, nbval on every notebook
    python start.py test --peers [--full] [...]    the mathematics beside PyTorch and JAX, added once

The first run makes .venv from the lock (about 3 GB, a few minutes); after that it starts at once.
Needs only Python's standard library. Any Python from 3.8 can read it, so that a Python that is too old
is told so in words.
"""

import argparse
import os
import shutil
import subprocess
import sys

from tools.environment import PYTHONS, ROOT, is_set_up, say, set_up, venv_python, version_of
from tools.peers import add_peers
from tools.trouble import OTHER, WRONG_PYTHON, Problem, explain

# Every test, on up to four cores; with options or paths of one's own pytest runs as it always does.
SIDE_BY_SIDE = ["--numprocesses=auto", "--maxprocesses=4", "--no-loadscope-reorder"]
KIT_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"


def main(arguments):
    """Do what the command line asks and return the exit code."""
    testing = arguments[:1] == ["test"]
    options = arguments[1:] if testing else check_lab_options(arguments)
    with_peers = testing and "--peers" in options
    if with_peers:
        options = ["tests/conformance", *(option for option in options if option != "--peers")]
    try:
        locks = [KIT_LOCK, TEST_LOCK] if testing else [KIT_LOCK]
        if not is_set_up(locks):
            if sys.version_info[:2] not in PYTHONS:
                return run([*other_python(), os.path.abspath(__file__), *arguments])
            set_up(locks)
        if with_peers:
            add_peers()
    except Problem as problem:
        say("\n" + str(problem))
        return problem.code
    except OSError as error:  # a full disk shows itself anywhere
        code, words = explain(str(error)) or (OTHER, "")
        say(f"\nThe setup failed: {error}. {words}")
        return code
    if testing and options in ([], ["--full"]):
        options = [*SIDE_BY_SIDE, *options]
    command = ["pytest", *options] if testing else ["dlkit", "lab", *options]
    return run([venv_python(), "-m", *command])


def check_lab_options(arguments):
    """Return the options for ``dlkit lab``; a wrong one ends the program before any work."""
    parser = argparse.ArgumentParser(
        prog="start.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, help="default: the first free one from 8888")
    parser.add_argument("--headless", "--no-browser", action="store_true", help="open no window")
    chosen = parser.parse_args(arguments)
    if chosen.port is not None and not 1 <= chosen.port <= 65535:
        parser.error(f"--port must be a whole number from 1 to 65535, but got {chosen.port}")
    options = ["--headless"] if chosen.headless else []
    return options + (["--port", str(chosen.port)] if chosen.port else [])


def run(command):
    """Become that program (on Windows: wait for it); return its exit code."""
    sys.stdout.flush()
    if os.name != "nt":  # one process less, and signals reach the right one
        os.chdir(ROOT)
        os.execv(command[0], command)
    process = subprocess.Popen(command, cwd=ROOT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the program got it too: what it does about it is its own affair


def other_python():
    """Return the command of a fitting Python on this machine, when the running one does not fit."""
    running = "{}.{}".format(*sys.version_info[:2])
    for version in reversed(PYTHONS):
        name = "{}.{}".format(*version)
        candidates = [["python" + name]] + ([["py", "-" + name]] if os.name == "nt" else [])
        for candidate in candidates:
            program = shutil.which(candidate[0])
            # A launcher may hand back another version than it was asked for.
            if program and version_of([program, *candidate[1:]]) == version:
                say("Python {} does not fit; using {}.".format(running, " ".join(candidate)))
                return [program, *candidate[1:]]
    low, high = ("{}.{}".format(*version) for version in (PYTHONS[0], PYTHONS[-1]))
    too = "old" if sys.version_info[:2] < PYTHONS[0] else "new"
    raise Problem(
        WRONG_PYTHON,
        f"This is Python {running}, which is too {too}: TensorFlow and Keras need Python {low} to {high}, and none is on "
        f"your PATH. Install one (python.org, your package manager, or: uv python install {high}) and run: "
        f"python{high} start.py",
    )


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
