"""The commands, as a user types them."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from typer.testing import CliRunner

import dlkit
from dlkit import cli, doctor, jupyter

ROOT = Path(__file__).parents[2]


def dlkit_command(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_version_and_help():
    assert dlkit_command("--version").output == f"dlkit {dlkit.__version__}\n"
    said = dlkit_command("--help").output
    assert all(name in said for name in ("lab", "check", "doctor"))


def test_the_module_is_the_command():
    command = [sys.executable, "-m", "dlkit", "--version"]
    assert subprocess.check_output(command, text=True) == f"dlkit {dlkit.__version__}\n"


# -- lab -------------------------------------------------------------------------------------------


def test_a_taken_port_is_said_in_words(taken_port, monkeypatch):
    monkeypatch.setattr(jupyter, "run_lab", lambda *_: pytest.fail("started"))
    done = dlkit_command("lab", "--headless", "--port", taken_port)
    assert done.exit_code == 1
    assert f"Port {taken_port} is taken" in done.output and "--port" in done.output


def test_without_a_wish_the_next_free_port_is_taken(taken_port, monkeypatch):
    monkeypatch.setattr(jupyter, "FIRST_PORT", taken_port)
    port, remark = jupyter.choose_port()
    assert port > taken_port and jupyter.is_free(port)
    assert str(taken_port) in remark and str(port) in remark


def test_no_free_port_at_all(monkeypatch):
    monkeypatch.setattr(jupyter, "is_free", lambda port: False)
    with pytest.raises(OSError, match="8888 to 8937 are all taken"):
        jupyter.choose_port()
    with pytest.raises(OSError, match="Use another one"):
        jupyter.choose_port(65535)


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_an_impossible_port(port):
    assert dlkit_command("lab", "--port", port).exit_code == 2


def test_what_the_lab_starts(tmp_path):
    lessons = tmp_path / "notebooks"
    lessons.mkdir()
    lesson = lessons / cli.FIRST_LESSON
    command = jupyter.lab_command(lessons, lesson, 9000, headless=False)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--no-browser" not in command and "--port=9000" in command
    assert not any("default_url" in word for word in command), "there is no lesson to open"
    lesson.touch()
    command = jupyter.lab_command(lessons, lesson, 9000, headless=True)
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    assert "--no-browser" in command and f"--ServerApp.root_dir={tmp_path}" in command


def test_the_lab_has_no_pop_ups_and_keeps_the_user_s_own_settings(monkeypatch):
    from jupyterlab_server.settings_utils import _get_overrides

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    environment = jupyter.lab_environment()
    assert environment["JUPYTER_CONFIG_PATH"].endswith("/mine") or sys.platform == "win32"
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", environment["JUPYTER_CONFIG_PATH"])
    overrides, error = _get_overrides("/no/such/folder")
    assert error == ""
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_programs_of_the_environment_are_found_from_a_cell(monkeypatch):
    monkeypatch.setenv("PATH", "/mine")
    first, _, rest = jupyter.lab_environment()["PATH"].partition(os.pathsep)
    assert Path(first) == Path(sys.executable).parent  # where `dlkit` lies
    assert rest.endswith("/mine")


# -- check -----------------------------------------------------------------------------------------


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "a lesson.ipynb"
    cells = [v4.new_code_cell("x = 3\nprint(x * 14)"), v4.new_code_cell("x + 1")]
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def test_update_then_compare_then_notice_a_wrong_output(lesson):
    assert dlkit_command("check", "--update", lesson).output.strip().endswith("stored")
    assert dlkit_command("check", "--update", lesson).output.strip().endswith("unchanged")
    command = [sys.executable, "-m", "dlkit", "check", str(lesson)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    lesson.write_text(lesson.read_text().replace("42", "41"))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "41" in done.stdout and "42" in done.stdout


def test_a_cell_that_raises_is_said_and_not_stored(lesson):
    lesson.write_text(lesson.read_text().replace("x + 1", "undefined_name"))
    before = lesson.read_bytes()
    done = dlkit_command("check", "--update", lesson)
    assert done.exit_code == 1
    assert "left as it was" in done.output and "undefined_name" in done.output
    assert lesson.read_bytes() == before


def test_check_names_what_it_cannot_take(tmp_path):
    assert "no notebook" in dlkit_command("check", tmp_path / "none.ipynb").output
    assert dlkit_command("check", tmp_path / "none.ipynb").exit_code == 1
    assert "There is no notebook in" in dlkit_command("check", tmp_path).output
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    done = dlkit_command("check", "--update", broken)
    assert done.exit_code == 1 and "left as it was" in done.output


def test_the_lessons_are_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.lessons_folder() == ROOT / "notebooks"


# -- doctor ----------------------------------------------------------------------------------------


def test_doctor_on_this_machine():
    done = dlkit_command("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(done.output)}
    assert done.exit_code == 0
    assert not [name for name, finding in findings.items() if finding["state"] == "problem"]
    for name in ("Python", "keras", "ipywidgets", "notebook kernel", "GPU", "disk", "threads"):
        assert findings[name]["value"]
    assert findings["notebook kernel"]["value"] == "this Python"


def test_doctor_names_what_is_missing_and_what_to_do(monkeypatch):
    versions = doctor.metadata.version

    def version(name):
        if name == "ipywidgets":
            raise doctor.metadata.PackageNotFoundError(name)
        return "3.2" if name == "keras" else versions(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor, "_gpu", lambda: doctor.Finding("GPU", "ok", "none"))
    monkeypatch.setattr(doctor, "find_browser", lambda: None)
    usage = doctor.shutil._ntuple_diskusage(1e12, 1e12, 1e8)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    done = dlkit_command("doctor")
    assert done.exit_code == 1 and "To mend: 3." in done.output
    assert "PROBLEM  ipywidgets: not installed" in done.output
    assert "PROBLEM  keras: 3.2, but >=3.15 is needed" in done.output
    assert "PROBLEM  disk: 0.1 GB free" in done.output
    assert "install Chromium" in done.output and "Run: python start.py" in done.output


def test_doctor_accepts_the_full_tensorflow_for_the_small_one(monkeypatch):
    def version(name):
        if name == "tensorflow-cpu":
            raise doctor.metadata.PackageNotFoundError(name)
        return "2.22"

    monkeypatch.setattr(doctor.metadata, "version", version)
    requirement = doctor.Requirement("tensorflow-cpu>=2.21")
    assert doctor._package(requirement, "problem", "").state == "ok"


def test_doctor_says_what_python_does_not_fit(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 14, 0))
    finding = doctor._python()
    assert finding.state == "problem" and "3.11, 3.12 or 3.13" in finding.advice
