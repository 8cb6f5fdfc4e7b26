"""What every test run shares: a quiet and private environment, two tiers, a sensible order.

It stands beside the notebooks and not under tests/, so that ``pytest notebooks/03_….ipynb`` has it too.
"""

import os
import random
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

# Before anything imports Keras, TensorFlow, matplotlib or Jupyter. Kernels of nbval inherit it.
PRIVATE = Path(tempfile.mkdtemp(prefix="dlkit-tests-"))
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.update(
    TF_CPP_MIN_LOG_LEVEL="3",
    TF_ENABLE_ONEDNN_OPTS="0",
    OMP_WAIT_POLICY="PASSIVE",  # as dlkit.notebooks.kernel_environment has it, and why
    MPLBACKEND="Agg",
    MPLCONFIGDIR=str(PRIVATE / "matplotlib"),
    IPYTHONDIR=str(PRIVATE / "ipython"),
    JUPYTER_CONFIG_DIR=str(PRIVATE / "jupyter-config"),
    JUPYTER_DATA_DIR=str(PRIVATE / "jupyter-data"),
    JUPYTER_RUNTIME_DIR=str(PRIVATE / "jupyter-runtime"),
    JUPYTERLAB_SETTINGS_DIR=str(PRIVATE / "jupyterlab-settings"),
    JUPYTERLAB_WORKSPACES_DIR=str(PRIVATE / "jupyterlab-workspaces"),
    JUPYTER_PREFER_ENV_PATH="1",
    JUPYTER_PLATFORM_DIRS="1",
    DLKIT_PROGRESS="memory",  # a test solves no exercise for the person who runs it
    PYTHONHASHSEED="0",
)
os.environ.pop("JUPYTER_PATH", None)
os.environ.pop("JUPYTER_CONFIG_PATH", None)

ROOT = Path(__file__).parent
# Cheap first: a wrong sign is reported before the first browser has started. Several processes
# begin at the other end, with what takes longest, and so end at the same time.
ORDER = (
    "tests/unit",
    "tests/conformance",
    "tests/mutants",
    "tests/lessons",
    "tests/notebooks",
    "notebooks",
    "tests/browser",
)


def pytest_addoption(parser):
    parser.addoption(
        "--full",
        action="store_true",
        help="also run the tests marked full: slow, repeated, many-seed",
    )


def pytest_configure(config):
    config.notices = []  # sentences for the end of the summary
    sanitize = config.getoption("nbval_sanitize_with", None)
    if sanitize:  # nbval looks for it in the current folder, whichever that is
        config.option.nbval_sanitize_with = str(ROOT / sanitize)
    try:
        from hypothesis import settings
    except ImportError:
        return
    # The fast tier gives the same answer every time; the full tier searches further.
    settings.register_profile("fast", derandomize=True, deadline=None)
    settings.register_profile("full", max_examples=500, deadline=None, print_blob=True)
    settings.load_profile("full" if config.getoption("full") else "fast")


def pytest_collection_modifyitems(config, items):
    side_by_side = hasattr(config, "workerinput")
    # stable: within a folder nothing moves
    items.sort(key=lambda item: _rank(item.path), reverse=side_by_side)
    if config.getoption("full"):
        return
    left_out = [item for item in items if "full" in item.keywords]
    if left_out:
        items[:] = [item for item in items if "full" not in item.keywords]
        config.hook.pytest_deselected(items=left_out)
        config.notices.append(
            f"Fast tier: {len(left_out)} tests marked full were left out; --full runs them too."
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep a file's tests in one process: cells share a kernel, browser tests a JupyterLab."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            browser = "tests/browser/"
            return browser if nodeid.startswith(browser) else super()._split_scope(nodeid)

    return ByFile(config, log)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notices"] = session.config.notices


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Take over what one of several processes has to say; they all say much the same."""
    notices = getattr(node, "workeroutput", {}).get("notices", [])
    node.config.notices += [each for each in notices if each not in node.config.notices]


def _rank(path):
    try:
        place = path.relative_to(ROOT).as_posix()
    except ValueError:
        return len(ORDER)
    return next((i for i, folder in enumerate(ORDER) if place.startswith(folder)), len(ORDER))


PEERS = {"torch": "PyTorch", "jax": "JAX"}


def pytest_runtest_setup(item):
    """Skip what compares with a framework that is not installed.

    All such tests are skipped from this one place with one reason, so that the summary counts them
    in one line.
    """
    needed = {module for mark in item.iter_markers("peers") for module in mark.args}
    missing = [module for module in PEERS if needed and find_spec(module) is None]
    if needed.intersection(missing):
        names = " and ".join(PEERS[module] for module in missing)
        pytest.skip(
            f"no comparison with {names}, not installed here: 'python start.py test --peers' adds "
            "what is missing and compares"
        )


def pytest_terminal_summary(terminalreporter, config):
    for notice in config.notices:
        terminalreporter.write_line(notice, bold=True)


def pytest_unconfigure(config):
    shutil.rmtree(PRIVATE, ignore_errors=True)


@pytest.fixture(autouse=True)
def _same_random_numbers():
    """Start every test from the same global random state, whatever ran before it."""
    random.seed(0)
    import numpy

    numpy.random.seed(0)
