"""Make .venv from the lock, and recognise one that is whole. Standard library only."""

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

from tools import marker
from tools.trouble import (
    DISK_FULL,
    NEEDED_GB,
    NO_NETWORK,
    NO_PERMISSION,
    NO_VENV,
    OTHER,
    WRONG_PYTHON,
    Problem,
    failure,
)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "dlkit-setup.json")
UNFINISHED = os.path.join(ROOT, ".venv.unfinished")  # there while a setup runs, or was cut short
PYTHONS = ((3, 11), (3, 12), (3, 13))  # what TensorFlow and Keras allow together


def say(words):
    """Print at once, also into a pipe."""
    print(words, flush=True)


def venv_python():
    """Return the path of the environment's Python."""
    windows = os.name == "nt"
    return os.path.join(VENV, *(("Scripts", "python.exe") if windows else ("bin", "python")))


def version_of(python):
    """Return (major, minor) of a Python given as a command, None if it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        found = subprocess.run(
            [*python, "-c", code],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )
        return tuple(int(part) for part in found.stdout.split()) if found.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def fingerprint(locks):
    """Return what an environment made now would be: hashes of its sources, and its place."""
    marks = {"root": ROOT}  # scripts in .venv carry absolute paths: a moved folder needs a new one
    for name in [*locks, "pyproject.toml"]:
        with open(os.path.join(ROOT, name), "rb") as file:
            marks[name] = hashlib.sha256(file.read().replace(b"\r\n", b"\n")).hexdigest()
    return marks


def is_set_up(locks):
    """Return whether .venv was finished from these very locks, for this place."""
    if os.path.exists(UNFINISHED) or not os.path.exists(venv_python()):
        return False
    try:
        with open(STAMP, encoding="utf-8") as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return False
    return isinstance(stamp, dict) and fingerprint(locks).items() <= stamp.items()


def write_stamp(locks):
    """Note what .venv was made from; written last, and whole or not at all."""
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        json.dump(fingerprint(locks), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(STAMP + ".new", STAMP)
    os.remove(UNFINISHED)


def set_up(locks):
    """Make or finish .venv from the locks."""
    began = time.time()
    check_machine()
    check_folder()
    whole = not os.path.exists(UNFINISHED) and version_of([venv_python()]) in PYTHONS
    moved = whole and os.path.exists(STAMP) and read_root() != ROOT
    whole = whole and not moved and has_pip()
    check_disk(0.5 if whole and os.path.exists(STAMP) else NEEDED_GB)
    marker.claim(UNFINISHED)
    if whole:
        say("Bringing .venv up to date …")
    elif os.path.exists(VENV):
        say("The folder .venv is unfinished or does not work here: making it anew …")
    else:
        say(f"Setting up in .venv, once: a few minutes and about {NEEDED_GB:.0f} GB …")
    try:
        if not whole:
            make_venv()
        # Editable, and built with the locked builder: nothing is fetched that the lock does not name.
        install([["-r", locks[-1]], ["--no-build-isolation", "-e", "."]])
    except BaseException as error:
        # All is fetched before anything is changed: without a network, .venv works as before.
        if whole and isinstance(error, Problem) and error.code == NO_NETWORK:
            os.remove(UNFINISHED)
        else:
            marker.release(UNFINISHED)
        raise
    write_stamp(locks)
    say(f"Set up in {time.time() - began:.0f} s.")


def read_root():
    """Return the folder that the stamp was written for."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return json.load(file).get("root")
    except (OSError, ValueError, AttributeError):
        return None


def check_machine():
    """Say so where TensorFlow has no package for this machine."""
    if sys.maxsize < 2**32:
        raise Problem(WRONG_PYTHON, "This is a 32-bit Python; TensorFlow needs a 64-bit one.")
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise Problem(
            WRONG_PYTHON,
            "TensorFlow is no longer made for Intel Macs. On Apple silicon, install a native (arm64) "
            "Python; on an Intel Mac, use a Linux container or a hosted Jupyter.",
        )


def check_folder():
    """Say so where nothing can be written."""
    try:
        with tempfile.TemporaryFile(dir=ROOT):
            pass
    except PermissionError:
        raise Problem(
            NO_PERMISSION,
            f"You may not write in {ROOT}: copy the folder to your own files and start there.",
        ) from None


def check_disk(needed_gb):
    """Say so before the work where it could not end well."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < needed_gb:
        raise Problem(
            DISK_FULL,
            f"The disk has {free_gb:.1f} GB free; the setup needs about {needed_gb:.1f} GB. "
            "Free some space, then run this again.",
        )


def has_pip():
    """Return whether the environment's pip runs."""
    return quiet([venv_python(), "-m", "pip", "--version"])[0] == 0


def quiet(command):
    """Run a program without showing it; return (exit code, all that it said)."""
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=installer_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout


def make_venv():
    """Make an empty .venv, removing what is there."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        code, said = quiet([sys.executable, "-m", "venv", "--clear", VENV])
    elif shutil.which("uv"):
        code, said = quiet(["uv", "venv", "--clear", "--seed", "--python", sys.executable, VENV])
    else:
        raise Problem(
            NO_VENV,
            "This Python comes without its venv module. On Debian or Ubuntu: "
            "sudo apt install python{}.{}-venv; elsewhere install Python from python.org. "
            "Then run this again.".format(*sys.version_info[:2]),
        )
    if code:
        raise failure("making .venv", said)


def installer_environment():
    """Return the environment for pip and uv: the user's own settings, minus what aims elsewhere."""
    environment = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        environment.pop(name, None)
    return environment


def install(steps):
    """Run the installer once per list of arguments: uv if it is there, else pip."""
    pip = [venv_python(), "-m", "pip", "install", "--no-deps", "--only-binary=:all:"]
    if shutil.which("uv") and not pip_has_own_sources():
        uv = ["uv", "pip", "install", "--python", venv_python(), "--no-deps"]
        if all(show([*uv, *step])[0] == 0 for step in steps):
            return
        say("uv did not manage; trying pip …")
    for step in steps:
        code, said = show([*pip, *step])
        if code:
            raise failure("installing the packages", said)


def pip_has_own_sources():
    """Return whether pip is told where packages come from, which uv would not read."""
    said = quiet([venv_python(), "-m", "pip", "config", "list"])[1]
    return re.search(r"\.'?(index-url|extra-index-url|find-links|no-index)\b", said) is not None


def show(command):
    """Run an installer and show how far it is; return (exit code, the end of what it said)."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=installer_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    )
    lines, packages = [], 0
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith(("Collecting ", "Processing ", "Requirement already")):
                packages += 1
                if packages % 25 == 0:
                    say(f"  {packages} packages …")
            elif line.startswith(("Installing collected", "Resolved ", "Prepared ", "Installed ")):
                say("  " + line.split(":")[0].strip() + " …")
        return process.wait(), "".join(lines)
    except KeyboardInterrupt:
        process.wait()
        raise Problem(OTHER, "Stopped. Run this again to finish the setup.") from None
