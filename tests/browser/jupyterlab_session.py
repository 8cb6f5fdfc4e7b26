"""A real JupyterLab, started as a user starts it, and a real browser looking at it.

``running_lab`` starts ``dlkit lab`` on a copy of the lessons, ``browser_page`` a headless Chromium, and
``LabPage`` opens a notebook there, runs its cells and reads its outputs from the notebook's model (the
page itself holds only what is scrolled into view).
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import nbformat

ROOT = Path(__file__).parents[2]
BROWSER_OPTIONS = (
    "--no-sandbox",  # as root, which a container is, Chromium refuses otherwise
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # a container's /dev/shm is small
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# A lab that is scrolled out of view must stay in the page, so that it can be found.
USER_SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}
KERNEL_STATUS = """() =>
    window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status"""
SHUT_DOWN = """() =>
    window.jupyterapp?.shell?.currentWidget?.sessionContext?.shutdown().then(() => null)"""
CODE_CELLS = """() => {
    const cells = [];
    for (const cell of jupyterapp.shell.currentWidget.content.model.cells)
        if (cell.type === "code")
            cells.push({count: cell.executionCount, outputs: cell.outputs.toJSON()});
    return cells;
}"""
ALL_RUN_OR_FAILED = f"""() => {{
    const cells = ({CODE_CELLS})();
    const failed = cell => cell.outputs.some(output => output.output_type === "error");
    return cells.every(cell => cell.count !== null) || cells.some(failed);
}}"""
COMMAND = "command => jupyterapp.commands.execute(command).then(() => null)"


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Parameters
    ----------
    address : str
        Without a slash at its end.
    token : str
        What it lets in.
    folder : pathlib.Path
        What it shows; the lessons lie in ``notebooks`` under it.
    log : pathlib.Path
        What it said.
    """

    address: str
    token: str
    folder: Path
    log: Path

    def open(self, path, data=None):
        """Ask the server for ``path`` and return the answer's text."""
        headers = {"Authorization": f"token {self.token}"}
        request = Request(f"{self.address}/{path}", data=data, headers=headers)
        with urlopen(request, timeout=10) as answer:
            return answer.read().decode()


@contextlib.contextmanager
def running_lab(folder, settings=USER_SETTINGS, start_timeout=90):
    """Copy the lessons into ``folder`` without their outputs and run ``dlkit lab`` there.

    Parameters
    ----------
    folder : pathlib.Path
        Empty; everything that JupyterLab writes goes below it.
    settings : dict of str to dict
        The user's JupyterLab settings.
    start_timeout : float
        Seconds until it must answer.

    Yields
    ------
    Lab
    """
    home = folder / "home"
    for name, values in settings.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    work = folder / "a class"
    copy_lessons(work / "notebooks")
    log = folder / "jupyterlab.log"
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _START.format(lessons=str(work / "notebooks"))],
            cwd=work,
            env=_environment(home),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _wait_until_it_answers(process, work, log, start_timeout)
    finally:
        _stop(process)


# The command itself, on a folder that the test may write into.
_START = """
import sys
from pathlib import Path
from dlkit import cli
cli.lessons_folder = lambda: Path({lessons!r})
sys.argv = ["dlkit", "lab", "--headless"]
cli.main()
"""


def copy_lessons(target):
    """Copy every lesson without outputs, so that what a test sees was made while it looked."""
    target.mkdir(parents=True)
    for lesson in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(lesson, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, target / lesson.name)


def _environment(home):
    return dict(
        os.environ,
        JUPYTER_CONFIG_DIR=str(home / "config"),
        JUPYTER_DATA_DIR=str(home / "data"),
        JUPYTER_RUNTIME_DIR=str(home / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(home / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(home / "workspaces"),
        IPYTHONDIR=str(home / "ipython"),
        # Hands the page its application object: how a test reads the notebook's model.
        JUPYTER_CONFIG_PATH=str(_expose(home / "extra")),
    )


def _expose(folder):
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {"LabApp": {"expose_app_in_browser": True}}
    (folder / "jupyter_lab_config.json").write_text(json.dumps(configuration), encoding="utf-8")
    return folder


def _wait_until_it_answers(process, folder, log, timeout):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        said = log.read_text(encoding="utf-8")
        if process.poll() is not None:
            raise RuntimeError(f"dlkit lab ended with code {process.returncode}:\n{said}")
        found = re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", said)
        if found:
            lab = Lab(*found.groups(), folder, log)
            with contextlib.suppress(URLError, TimeoutError):
                lab.open("api/status")
                return lab
        time.sleep(0.05)
    raise TimeoutError(f"dlkit lab did not answer within {timeout} s:\n{said}")


def _stop(process):
    """Ask it to end, kernels and all; make it after ten seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


_running = []  # the Playwright of this process while there is one


@contextlib.contextmanager
def _one_playwright():
    """Start Playwright, or take the one that runs: it refuses a second beside it."""
    from playwright.sync_api import sync_playwright

    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright:
        _running.append(playwright)
        try:
            yield playwright
        finally:
            _running.clear()


@contextlib.contextmanager
def browser_page(program, folder, size=(1280, 900)):
    """Start a headless browser with an empty profile.

    Parameters
    ----------
    program : str
        A Chromium-like browser.
    folder : pathlib.Path
        Empty; for the profile.
    size : tuple of (int, int)
        Width and height in pixels.

    Yields
    ------
    playwright.sync_api.Page
    """
    with _one_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=program,
            headless=True,
            args=list(BROWSER_OPTIONS),
            viewport={"width": size[0], "height": size[1]},
        )
        try:
            yield context.pages[0]
        finally:
            context.close()
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class LabPage:
    """A notebook in JupyterLab in a browser.

    Parameters
    ----------
    page : playwright.sync_api.Page
    lab : Lab

    Attributes
    ----------
    errors : list of str
        What the page's scripts and its console reported as errors.
    foreign : list of str
        Addresses outside this machine that the page asked for.
    """

    page: object
    lab: Lab
    errors: list = field(default_factory=list)
    foreign: list = field(default_factory=list)

    def __post_init__(self):
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note_console)
        self.page.on("request", self._note_request)

    def _note_console(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def _note_request(self, request):
        if not re.match(r"(https?|ws)://127\.0\.0\.1[:/]|data:|blob:|about:", request.url):
            self.foreign.append(request.url)

    def open(self, notebook, timeout=60):
        """Open ``notebooks/<notebook>`` alone and wait until its kernel is ready."""
        place = quote(f"notebooks/{notebook}")
        address = f"{self.lab.address}/doc/tree/{place}?token={self.lab.token}&reset"
        self.page.goto(address, wait_until="domcontentloaded")
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=timeout * 1000)
        self.wait_until_idle(timeout)

    def wait_until_idle(self, timeout=60):
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(f"() => ({KERNEL_STATUS})() === 'idle'", timeout=timeout * 1000)

    def shut_down(self):
        """End the notebook's kernel, so that what it trains or holds is no load on the next test."""
        self.page.evaluate(SHUT_DOWN)

    def command(self, name):
        """Run one of JupyterLab's commands by its name."""
        self.page.evaluate(COMMAND, name)

    def run_all(self, timeout=180):
        """Run every cell and wait until the last one is done, or one has ended with an error.

        JupyterLab leaves the cells after an error alone: see `failures`.
        """
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(
            f"() => ({ALL_RUN_OR_FAILED})() && ({KERNEL_STATUS})() === 'idle'",
            timeout=timeout * 1000,
        )

    def cells(self):
        """Return the code cells: dictionaries with ``count`` and ``outputs`` as in a notebook file."""
        return self.page.evaluate(CODE_CELLS)

    def failures(self):
        """Return the errors that cells ended with, as ``name: value``."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for cell in self.cells()
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]

    def widget(self, name):
        """Return the first element that carries the class ``name`` (``widget.add_class(name)``)."""
        return self.page.locator(f".{name}").first

    def set_slider(self, name, value):
        """Type ``value`` into the readout of a slider and leave it."""
        readout = self.widget(name).locator(".widget-readout")
        readout.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(str(value))
        self.page.keyboard.press("Enter")
