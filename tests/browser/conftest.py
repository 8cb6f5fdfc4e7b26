"""The browser for these tests: found, or fetched where that is possible, or missed aloud."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyterlab_session import LabPage, browser_page, running_lab

from dlkit.doctor import find_browser

PACKAGES = ("chromium", "fonts-dejavu-core")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def install_browser():
    """Install Debian's chromium where this process may; return what went wrong, or nothing.

    Returns
    -------
    str
        Empty when a browser is there now.
    """
    if find_browser():
        return ""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (sys.platform == "linux" and is_root and shutil.which("apt-get")):
        return "no Chromium, Chrome or Edge here, and none may be installed"
    if "ubuntu" in Path("/etc/os-release").read_text(encoding="utf-8").lower():
        return "no Chromium, Chrome or Edge here; Ubuntu's chromium is a snap: install Chrome"
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(
            command, check=False, env=environment, capture_output=True, text=True, timeout=600
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
            return f"{' '.join(command[:2])} failed: {last}"
    return "" if find_browser() else "chromium was installed, but is not on the PATH"


@pytest.fixture(scope="session")
def browser_program(request):
    problem = install_browser()
    if problem:
        request.config.notices.append(f"BROWSER TESTS DID NOT RUN: {problem}.")
        pytest.skip(f"browser tests: {problem}")
    return find_browser()


@pytest.fixture(scope="session")
def lab(browser_program, tmp_path_factory):
    """One JupyterLab for all browser tests: starting it costs seconds."""
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def lab_page(lab, browser_program, tmp_path):
    """A browser of its own for each test, on the one JupyterLab."""
    with browser_page(browser_program, tmp_path / "profile") as page:
        lab_page = LabPage(page, lab)
        yield lab_page
        lab_page.shut_down()
