"""The starter: what it makes, what it leaves alone, and its words when something is wrong."""

import ast
import contextlib
import errno
import json
import os
import runpy
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import start
from tools import environment, peers, trouble

ROOT = Path(__file__).parents[2]
STARTER = [ROOT / "start.py", *sorted((ROOT / "tools").glob("*.py"))]
posix = pytest.mark.skipif(os.name == "nt", reason="makes a shell script")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with a space in its path, locks, and no environment; nothing is ever installed."""
    root = tmp_path / "my project"
    root.mkdir()
    for name in ("requirements.lock", "requirements-test.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    venv = root / ".venv"
    monkeypatch.setattr(environment, "ROOT", str(root))
    monkeypatch.setattr(environment, "VENV", str(venv))
    monkeypatch.setattr(environment, "STAMP", str(venv / "dlkit-setup.json"))
    monkeypatch.setattr(environment, "UNFINISHED", str(root / ".venv.unfinished"))
    monkeypatch.setattr(start, "ROOT", str(root))
    done = []

    def make_venv():
        done.append("made")
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)

    monkeypatch.setattr(environment, "make_venv", make_venv)
    monkeypatch.setattr(environment, "has_pip", lambda: True)
    monkeypatch.setattr(environment, "install", lambda steps: done.append(steps[0][1]))
    monkeypatch.setattr(start, "run", lambda command: done.append(command) or 0)
    return type("Place", (), {"root": root, "venv": venv, "done": done})


# -- it can be read, and has nothing to import that is not there -----------------------------------


@pytest.mark.parametrize("path", STARTER, ids=lambda path: path.name)
def test_an_old_python_can_read_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        for name in names:
            assert name.split(".")[0] in {*sys.stdlib_module_names, "tools"}, f"{path}: {name}"


# -- the first run, the second run, and what lies between -----------------------------------------


def test_the_first_run_sets_up_and_opens_the_lab(place):
    assert start.main(["--headless", "--port", "9000"]) == 0
    python = environment.venv_python()
    lab = [python, "-m", "dlkit", "lab", "--headless", "--port", "9000"]
    assert place.done == ["made", "requirements.lock", lab]
    assert not os.path.exists(environment.UNFINISHED)


def test_the_second_run_installs_nothing(place):
    start.main([])
    place.done.clear()
    assert start.main([]) == 0
    assert len(place.done) == 1 and place.done[0][1:] == ["-m", "dlkit", "lab"]


def test_the_test_command_adds_the_test_lock_and_hands_on_its_options(place):
    start.main([])
    place.done.clear()
    start.main(["test", "--full", "-k", "adam"])
    assert place.done[0] == "requirements-test.lock", "the environment is kept"
    assert place.done[1][1:] == ["-m", "pytest", "--full", "-k", "adam"]
    place.done.clear()
    start.main([])
    start.main(["test"])
    assert [command[1:3] for command in place.done] == [["-m", "dlkit"], ["-m", "pytest"]]


@pytest.mark.parametrize(
    ("options", "side_by_side"),
    [
        ([], True),
        (["--full"], True),
        (["-x"], False),
        (["notebooks/03_backpropagation.ipynb"], False),
    ],
)
def test_the_whole_test_uses_several_cores_and_a_part_does_not(place, options, side_by_side):
    start.main(["test", *options])
    command = place.done[-1]
    assert ("--numprocesses=auto" in command) is side_by_side
    assert command[len(command) - len(options) :] == options


def test_the_peers_are_added_once_and_run_the_conformance_tests(place, monkeypatch):
    there = []
    monkeypatch.setattr(peers, "has_peers", lambda: bool(there))
    monkeypatch.setattr(peers, "check_disk", lambda gigabytes: None)
    monkeypatch.setattr(peers, "pip_has_own_sources", lambda: True)
    monkeypatch.setattr(peers, "show", lambda command: there.append(command) or (0, ""))
    start.main(["test", "--peers", "--full"])
    assert place.done[1] == "requirements-test.lock"
    assert place.done[-1][1:] == ["-m", "pytest", "tests/conformance", "--full"]
    assert len(there) == 1 and ".[peers]" in there[0]
    assert there[0][there[0].index("-c") + 1] == "requirements.lock", "nothing else moves"
    start.main(["test", "--peers"])
    assert len(there) == 1
    start.main(["test"])
    assert place.done[-1][1:] == ["-m", "pytest", *start.SIDE_BY_SIDE]


@pytest.mark.parametrize(
    ("uv", "sources", "commands"),
    [(0, False, ["uv"]), (1, False, ["uv", "pip"]), (0, True, ["pip"]), (None, False, ["pip"])],
)
def test_uv_brings_the_build_for_the_cpu_and_pip_helps_out(
    place, monkeypatch, uv, sources, commands
):
    shown = []

    def show(command):
        shown.append("uv" if command[0] == "uv" else "pip")
        assert ("--torch-backend" in command) == (command[0] == "uv")
        return (uv if command[0] == "uv" else 0), ""

    monkeypatch.setattr(peers, "has_peers", lambda: False)
    monkeypatch.setattr(peers, "check_disk", lambda gigabytes: None)
    monkeypatch.setattr(peers.shutil, "which", lambda name: None if uv is None else name)
    monkeypatch.setattr(peers, "pip_has_own_sources", lambda: sources)
    monkeypatch.setattr(peers, "show", show)
    peers.add_peers()
    assert shown == commands


def test_peers_that_cannot_be_fetched_are_told_in_words(place, monkeypatch, capsys):
    monkeypatch.setattr(peers, "has_peers", lambda: False)
    monkeypatch.setattr(peers, "check_disk", lambda gigabytes: None)
    monkeypatch.setattr(peers, "pip_has_own_sources", lambda: True)
    monkeypatch.setattr(peers, "show", lambda command: (1, "Temporary failure in name resolution"))
    assert start.main(["test", "--peers"]) == trouble.NO_NETWORK
    assert "PyTorch and JAX" in capsys.readouterr().out
    assert all(done[1:2] != ["-m"] for done in place.done), "no test has run"


def test_a_new_lock_brings_the_environment_up_to_date(place):
    start.main([])
    place.done.clear()
    with open(place.root / "requirements.lock", "a", encoding="utf-8") as file:
        file.write("another==1.0\n")
    start.main([])
    assert place.done[0] == "requirements.lock"


def test_line_endings_of_a_checkout_are_no_new_lock(place):
    start.main([])
    place.done.clear()
    lock = place.root / "requirements.lock"
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    start.main([])
    assert len(place.done) == 1


def test_a_setup_that_was_cut_short_is_made_anew(place, monkeypatch):
    def cut_short(steps):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", cut_short)
        with pytest.raises(KeyboardInterrupt):
            start.main([])
    assert os.path.exists(environment.UNFINISHED)
    place.done.clear()
    start.main([])
    assert place.done[:2] == ["made", "requirements.lock"]


def without_network(steps):
    raise trouble.Problem(trouble.NO_NETWORK, "The packages could not be fetched.")


def test_an_update_without_a_network_leaves_a_working_environment(place, monkeypatch):
    start.main([])
    stamp = Path(environment.STAMP).read_text()
    place.done.clear()
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", without_network)
        assert start.main(["test"]) == trouble.NO_NETWORK
    assert place.done == [] and not os.path.exists(environment.UNFINISHED)
    assert Path(environment.STAMP).read_text() == stamp
    assert start.main([]) == 0
    assert len(place.done) == 1 and place.done[0][1:] == ["-m", "dlkit", "lab"]


def test_a_first_setup_without_a_network_stays_unfinished(place, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", without_network)
        assert start.main([]) == trouble.NO_NETWORK
    place.done.clear()
    start.main([])
    assert place.done[:2] == ["made", "requirements.lock"]


def test_an_update_that_fails_half_way_is_made_anew(place, monkeypatch):
    def half_way(steps):
        raise trouble.Problem(trouble.DISK_FULL, "The disk is full.")

    start.main([])
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", half_way)
        assert start.main(["test"]) == trouble.DISK_FULL
    place.done.clear()
    start.main([])
    assert place.done[:2] == ["made", "requirements.lock"]


def test_a_second_start_during_a_setup_waits_its_turn(place, capsys):
    """While another program sets up, nothing is touched; once it is gone, the setup goes on."""
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as other:
        Path(environment.UNFINISHED).write_text(str(other.pid))
        assert start.main([]) == trouble.OTHER
        assert "setting up .venv already" in capsys.readouterr().out
        assert place.done == []
        assert Path(environment.UNFINISHED).read_text() == str(other.pid)
    long_ago = 0
    os.utime(environment.UNFINISHED, (long_ago, long_ago))  # how Windows tells that it is gone
    assert start.main([]) == 0
    assert place.done[:2] == ["made", "requirements.lock"]


@pytest.mark.parametrize("content", ["", "x", "-1", "0", "9" * 30])
def test_a_marker_that_names_no_program_holds_nobody_up(place, content):
    Path(environment.UNFINISHED).write_text(content)
    assert start.main([]) == 0


def test_a_setup_that_ends_in_an_error_lets_the_next_one_in(place, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", without_network)
        start.main([])
    assert Path(environment.UNFINISHED).read_text() == ""


def test_a_broken_environment_is_made_anew(place):
    start.main([])
    os.remove(environment.venv_python())
    place.done.clear()
    start.main([])
    assert place.done[:2] == ["made", "requirements.lock"]


def test_an_environment_of_another_hand_is_finished_not_removed(place):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place.venv)], check=True)
    mine = place.venv / "mine.txt"
    mine.write_text("keep me")
    start.main([])
    assert place.done[0] == "requirements.lock" and mine.exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"root": 3}'])
def test_a_stamp_that_makes_no_sense_is_no_stamp(place, content):
    start.main([])
    Path(environment.STAMP).write_text(content)
    place.done.clear()
    start.main([])
    assert "requirements.lock" in place.done


def test_a_moved_folder_is_noticed(place):
    start.main([])
    stamp = json.loads(Path(environment.STAMP).read_text())
    Path(environment.STAMP).write_text(json.dumps({**stamp, "root": "/elsewhere"}))
    place.done.clear()
    start.main([])
    assert place.done[:2] == ["made", "requirements.lock"]


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version, word", [((3, 8, 18), "too old"), ((3, 10, 1), "too old"), ((3, 14, 0), "too new")]
)
def test_a_python_that_does_not_fit(place, monkeypatch, capsys, version, word):
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(start, "version_of", lambda command: None)
    assert start.main([]) == trouble.WRONG_PYTHON
    said = capsys.readouterr().out
    assert word in said and "3.11 to 3.13" in said and "Traceback" not in said
    assert place.done == []


@posix
def test_a_fitting_python_on_the_path_takes_over(place, monkeypatch, capsys, tmp_path):
    fake = tmp_path / "bin" / "python3.12"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 3 12\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    wrong = fake.with_name("python3.13")  # a launcher that answers with another version
    shutil.copy(fake, wrong)
    monkeypatch.setenv("PATH", str(fake.parent))
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    assert start.main(["--headless"]) == 0
    command = place.done[0]
    assert (
        command[0] == str(fake)
        and command[1].endswith("start.py")
        and command[2:] == ["--headless"]
    )
    assert "using python3.12" in capsys.readouterr().out


def test_a_full_disk_is_seen_before_the_work(place, monkeypatch, capsys):
    usage = shutil._ntuple_diskusage(100e9, 99e9, 1.2e9)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda path: usage)
    assert start.main([]) == trouble.DISK_FULL
    said = capsys.readouterr().out
    assert "1.2 GB free" in said and "3.0 GB" in said
    assert place.done == []


def test_a_disk_that_fills_up_during_the_work(place, monkeypatch, capsys):
    def full(steps):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(environment, "install", full)
    assert start.main([]) == trouble.DISK_FULL
    assert "disk is full" in capsys.readouterr().out


def test_no_right_to_write_in_words(place, monkeypatch, capsys):
    def refused(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(environment.tempfile, "TemporaryFile", refused)
    assert start.main([]) == trouble.NO_PERMISSION
    assert "may not write" in capsys.readouterr().out


def test_a_missing_venv_module(monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    with pytest.raises(trouble.Problem, match="sudo apt install python3") as problem:
        environment.make_venv()
    assert problem.value.code == trouble.NO_VENV


def test_pip_without_a_network_is_understood():
    """What the real pip says when nobody answers is recognised."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/simple"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--retries=1",
        "some-package==1",
    ]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    variables.update(PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=address)
    done = subprocess.run(
        command,
        check=False,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode != 0
    problem = trouble.failure("installing the packages", done.stdout)
    assert problem.code == trouble.NO_NETWORK
    assert "network connection" in str(problem)


@pytest.mark.parametrize(
    "said, code",
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            11,
        ),
        ("error: failed to write: There is not enough space on the disk. (os error 112)", 11),
        ("error: Request failed after 3 retries\n  Caused by: dns error: failed to lookup", 12),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'",
            13,
        ),
        ("ERROR: No matching distribution found for tensorflow==2.21.0", 15),
        ("something nobody has seen before", 15),
    ],
)
def test_every_failure_has_words_and_the_installer_s_own(said, code):
    problem = trouble.failure("installing the packages", said)
    assert problem.code == code
    assert said.splitlines()[-1] in str(problem)
    assert str(problem).splitlines()[-1].endswith((".", "!"))


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_an_impossible_port_ends_before_any_work(place, capsys, port):
    with pytest.raises(SystemExit) as ended:
        start.main(["--port", port])
    assert ended.value.code == 2 and place.done == []
    assert "--port" in capsys.readouterr().err


def test_help_names_both_commands(capsys):
    with pytest.raises(SystemExit), contextlib.redirect_stderr(sys.stdout):
        start.main(["--help"])
    said = capsys.readouterr().out
    assert "python start.py test" in said and "--headless" in said


# -- the installers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uv, sources, installer",
    [(True, "", "uv"), (True, "global.index-url='x'", "pip"), (False, "", "pip")],
)
def test_uv_only_where_it_would_look_in_the_right_place(monkeypatch, uv, sources, installer):
    shown = []
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/bin/uv" if uv else None)
    monkeypatch.setattr(environment, "quiet", lambda command: (0, sources))
    monkeypatch.setattr(environment, "show", lambda command: shown.append(command) or (0, ""))
    environment.install([["-r", "requirements.lock"]])
    (command,) = shown
    assert (command[0] == "uv") == (installer == "uv")
    assert "--no-deps" in command, "the lock is whole: nothing is resolved anew"
    assert not any("index" in word for word in command)


def test_pip_takes_over_when_uv_fails(monkeypatch):
    shown = []
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/bin/uv")
    monkeypatch.setattr(environment, "quiet", lambda command: (0, ""))
    monkeypatch.setattr(
        environment, "show", lambda command: shown.append(command) or (int(command[0] == "uv"), "")
    )
    environment.install([["-r", "requirements.lock"], ["-e", "."]])
    assert [command[0] == "uv" for command in shown] == [True, False, False]


def test_settings_that_aim_elsewhere_are_left_out(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")
    found = environment.installer_environment()
    assert "PIP_TARGET" not in found and "PYTHONPATH" not in found
    assert found["PIP_INDEX_URL"] == "kept" and found["PIP_USER"] == "0"


def test_importing_the_starter_does_nothing():
    assert "main" in runpy.run_path(str(ROOT / "start.py"), run_name="not_main")
