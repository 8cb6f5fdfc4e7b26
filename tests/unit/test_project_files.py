"""The project's own files agree with each other: metadata, locks, conda, continuous test, README."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
PLATFORMS = [
    {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux"},
    {"sys_platform": "linux", "platform_machine": "aarch64", "platform_system": "Linux"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "platform_system": "Darwin"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "platform_system": "Windows"},
]
MACHINES = [
    {
        **platform,
        "os_name": "nt" if platform["sys_platform"] == "win32" else "posix",
        "python_version": version,
        "python_full_version": f"{version}.7",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for platform in PLATFORMS
    for version in ("3.11", "3.12", "3.13")
]


def lock(name):
    """Return the requirements of a lock, those that it takes in included."""
    found = []
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += lock(line[3:])
        else:
            found.append(Requirement(line))
    return found


def on(machine, requirements):
    """Return {name: requirement} of those that a machine installs."""
    chosen = {}
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate(machine):
            name = canonicalize_name(requirement.name)
            known = chosen.get(name, requirement).specifier
            assert known == requirement.specifier, f"{name} in two versions on {machine}"
            chosen[name] = requirement
    return chosen


def ids(machine):
    return f"{machine['sys_platform']}-{machine['platform_machine']}-{machine['python_version']}"


@pytest.mark.parametrize("machine", MACHINES, ids=ids)
@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_the_lock_answers_every_range_on_every_machine(name, machine):
    wanted = [Requirement(line) for line in PROJECT["dependencies"]]
    wanted += [Requirement(line) for line in PYPROJECT["build-system"]["requires"]]
    if "test" in name:
        wanted += [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]
    locked = on(machine, lock(name))
    for key, requirement in on(machine, wanted).items():
        (pin,) = locked[key].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{requirement} but {locked[key]}"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_locks_are_exact_and_name_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text and "index" not in text and "#" not in text
    for requirement in lock(name):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement


def test_exactly_one_tensorflow_on_every_machine():
    for machine in MACHINES:
        chosen = [name for name in on(machine, lock("requirements.lock")) if "tensorflow" in name]
        small = machine["sys_platform"] == "linux" and machine["platform_machine"] == "x86_64"
        assert chosen == ["tensorflow-cpu" if small else "tensorflow"]


def test_ranges_and_not_pins():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    for requirement in (Requirement(line) for group in groups for line in group):
        assert {s.operator for s in requirement.specifier} == {">="}, f"{requirement} is no range"


def test_what_the_lessons_need_is_asked_for():
    lower = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
    for name, minimum in {
        "tensorflow": "2.21",
        "tensorflow-cpu": "2.21",
        "keras": "3.15",
        "ipywidgets": "8.1.9",
        "ipykernel": "7.1",
    }.items():
        assert not lower[name].contains(f"{minimum}.dev0", prereleases=True)
        assert lower[name].contains(minimum)


def test_conda_says_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    lines = list(environment["dependencies"])
    by_pip = next(line for line in lines if isinstance(line, dict))["pip"]
    conda = {}
    for line in [line for line in lines if isinstance(line, str)] + by_pip:
        name, _, version = line.partition(" ")
        assert name not in conda
        conda[name] = version
    assert conda.pop("pip") == ""
    ours = {"python": PROJECT["requires-python"]}
    for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]:
        requirement = Requirement(line)
        ours[requirement.name.replace("tensorflow-cpu", "tensorflow")] = str(requirement.specifier)
    same = {name: set(version.split(",")) for name, version in ours.items()}
    assert {name: set(version.split(",")) for name, version in conda.items()} == same


def imported_roots():
    """Yield (file, root of the module) for every import from outside."""
    for path in sorted((ROOT / "dlkit").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                root = name.split(".")[0]
                if root != "dlkit" and root not in sys.stdlib_module_names:
                    yield path, root


def test_everything_imported_is_in_the_lock():
    locked = {canonicalize_name(r.name) for r in lock("requirements.lock")}
    peers = {Requirement(line).name for line in PROJECT["optional-dependencies"]["peers"]}
    owners = metadata.packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)}: {root}"
        for path, root in imported_roots()
        if root not in peers
        and not {canonicalize_name(owner) for owner in owners.get(root, [])} & locked
    }
    assert not missing, f"imported but never installed: {sorted(missing)}"


def test_python_versions_agree():
    from dlkit import doctor
    from tools import environment

    low, high = environment.PYTHONS[0], environment.PYTHONS[-1]
    assert PROJECT["requires-python"] == f">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"
    assert doctor.PYTHONS == (low, high)


def test_the_continuous_test_is_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands[-1] == 'exec "${PYTHON:-python3.11}" start.py test'
    assert len(commands) == 3  # and nothing else but strictness and the folder
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python start.py\n" in readme and "python start.py test\n" in readme


def test_the_readme_lists_the_lessons_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\(notebooks/([^)]+\.ipynb)\)", readme)
    present = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert listed == sorted(set(listed)), "in order, each once"
    assert listed == present


def tracked():
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return [p for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts]
    said = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in said.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_tracked_file_is_heavy_or_made_by_a_machine():
    for path in tracked():
        assert path.stat().st_size < 1_000_000, f"{path.name} is over 1 MB"
        assert not {"__pycache__", ".ipynb_checkpoints", ".venv"} & set(
            path.parts[len(ROOT.parts) :]
        )


def test_json_settings_are_valid():
    for path in (ROOT / "dlkit").rglob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("task", ["check", "format"])
def test_style(task):
    options = ["--check"] if task == "format" else ["--output-format=concise"]
    command = [sys.executable, "-m", "ruff", task, "--no-cache", *options, str(ROOT)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
