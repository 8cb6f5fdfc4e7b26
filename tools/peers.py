"""Add PyTorch and JAX to .venv, for the tests that compare with them. Standard library only."""

import shutil
import sys

from tools.environment import (
    check_disk,
    pip_has_own_sources,
    quiet,
    say,
    show,
    venv_python,
)
from tools.trouble import failure

CPU_GB, CUDA_GB = 1.5, 8.0  # on Linux, the build of PyTorch that pip finds first brings CUDA
FIND = (
    "import sys; from importlib.util import find_spec; "
    "sys.exit(not (find_spec('torch') and find_spec('jax')))"
)


def has_peers():
    """Return whether the environment has both."""
    return quiet([venv_python(), "-c", FIND])[0] == 0


def add_peers():
    """Install the extra ``peers`` unless it is there; nothing that the lock names is changed."""
    if has_peers():
        return
    check_disk(CPU_GB)
    say("Adding PyTorch and JAX to .venv, once …")
    step = ["-c", "requirements.lock", "--no-build-isolation", "-e", ".[peers]"]
    if shutil.which("uv") and not pip_has_own_sources():
        # uv knows where PyTorch's build for the CPU is; pip brings what its sources have.
        uv = ["uv", "pip", "install", "--python", venv_python(), "--torch-backend", "cpu"]
        if show([*uv, *step])[0] == 0:
            return
        say("uv did not manage; trying pip …")
    check_disk(CUDA_GB if sys.platform == "linux" else CPU_GB)
    pip = [venv_python(), "-m", "pip", "install", "--only-binary=:all:"]
    code, said = show([*pip, *step])
    if code:
        raise failure("installing PyTorch and JAX", said)
