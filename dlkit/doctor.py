"""What is installed, what is missing, and what to do about it."""

import contextlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

PYTHONS = ((3, 11), (3, 13))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
BROWSER_FILES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
SEVERITY = {"ok": "  ok     ", "note": "  note   ", "problem": "PROBLEM  "}


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    name : str
        What was looked at.
    state : str
        ``"ok"``, ``"note"`` (works, and you may want to know) or ``"problem"``.
    value : str
        What was found.
    advice : str
        What to do; empty when there is nothing to do.
    """

    name: str
    state: str
    value: str
    advice: str = ""

    def to_dict(self):
        """Return the four fields as a dictionary.

        Returns
        -------
        dict of str to str
        """
        return asdict(self)


def examine():
    """Look at everything that the kit needs.

    Returns
    -------
    list of Finding
        The packages first, in the order of their names.
    """
    return [
        _python(),
        *_packages(),
        _kernel(),
        _gpu(),
        _browser(),
        _disk(),
        _threads(),
        _lessons(),
    ]


def text(findings):
    """Return findings as lines to read, with a last line that sums up.

    Parameters
    ----------
    findings : list of Finding

    Returns
    -------
    str
    """
    lines = []
    for finding in findings:
        lines.append(f"{SEVERITY[finding.state]}{finding.name}: {finding.value}")
        if finding.advice:
            lines.append(f"           → {finding.advice}")
    problems = sum(finding.state == "problem" for finding in findings)
    lines.append("Everything needed is there." if not problems else f"To mend: {problems}.")
    return "\n".join(lines)


def find_browser():
    """Return the path of a Chromium-like browser on this machine.

    Returns
    -------
    str or None
        None if there is none.
    """
    on_path = (shutil.which(name) for name in BROWSERS)
    in_place = (path for path in BROWSER_FILES if os.path.isfile(path))
    return next((path for path in (*on_path, *in_place) if path), None)


def _python():
    found = platform.python_version()
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        advice = "Use Python 3.11, 3.12 or 3.13: that is what TensorFlow and Keras allow together."
        return Finding("Python", "problem", found, advice)
    return Finding("Python", "ok", f"{found} on {platform.system()} {platform.machine()}")


def _packages():
    needed, extras = [], {}
    for line in metadata.requires("dlkit") or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed.append(_package(requirement, "problem", "Run: python start.py"))
        else:
            extras[requirement.name] = requirement
    for name in ("torch", "jax"):
        needed.append(
            _package(extras[name], "note", "Only to compare with: pip install dlkit[peers]")
        )
    return sorted(needed, key=lambda finding: (finding.state == "note", finding.name))


def _package(requirement, missing, advice):
    name = requirement.name
    # With CUDA, and from conda-forge, the CPU build is replaced by the full one.
    for distribution in (name, name.removesuffix("-cpu")):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found = metadata.version(distribution)
            break
    else:
        return Finding(name, missing, "not installed", advice)
    if not requirement.specifier.contains(found, prereleases=True):
        value = f"{found}, but {requirement.specifier} is needed"
        return Finding(requirement.name, missing, value, advice)
    return Finding(requirement.name, "ok", found)


def _kernel():
    """Whether the kernel that a notebook gets is this very Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("notebook kernel", "problem", "none", "Run: python start.py")
    if os.path.isabs(program) and not os.path.samefile(program, sys.executable):
        advice = "Start with `dlkit lab`, which prefers this environment's kernel."
        return Finding("notebook kernel", "note", f"python3 is {program}", advice)
    return Finding("notebook kernel", "ok", "this Python")


def _gpu():
    """What TensorFlow sees, asked in a process of its own: it takes seconds and prints a lot."""
    code = "import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))"
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3")
    try:
        asked = subprocess.run(
            [sys.executable, "-c", code],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            env=environment,
        )
        count = int(asked.stdout.split()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        return Finding("TensorFlow", "problem", "does not start", "Run: python start.py")
    if count:
        return Finding("GPU", "ok", f"TensorFlow uses {count}")
    if sys.platform == "linux" and shutil.which("nvidia-smi"):
        advice = "TensorFlow's CPU build is installed; for CUDA see “A GPU” in CONTRIBUTING.md."
        return Finding("GPU", "note", "there is one from NVIDIA, not in use", advice)
    why = {
        "darwin": "TensorFlow uses none on macOS without the tensorflow-metal plug-in",
        "win32": "TensorFlow uses none on Windows; in WSL 2 it does",
    }
    return Finding("GPU", "ok", why.get(sys.platform, "none") + "; no lesson needs one")


def _browser():
    found = find_browser()
    if found:
        return Finding("browser for the tests", "ok", found)
    advice = "Only the browser tests need it: install Chromium, Chrome or Edge."
    return Finding("browser for the tests", "note", "none", advice)


def _disk():
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free < 0.5:
        return Finding(
            "disk", "problem", f"{free:.1f} GB free", "Free some space: runs store files."
        )
    return Finding("disk", "ok", f"{free:.0f} GB free")


def _threads():
    import numpy  # noqa: F401  (threadpoolctl sees only libraries that are loaded)
    from threadpoolctl import threadpool_info

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pools = [f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info()]
    return Finding("threads", "ok", f"{usable} usable; {', '.join(pools) or 'no BLAS pool seen'}")


def _lessons():
    from dlkit.cli import lessons_folder
    from dlkit.notebooks import find_notebooks

    folder = lessons_folder()
    count = len(find_notebooks([folder])) if folder.is_dir() else 0
    if not count:
        advice = "Clone the whole project, or go to its folder first."
        return Finding("lessons", "note", f"none in {folder}", advice)
    return Finding("lessons", "ok", f"{count} in {folder}")
