"""Imports run one way: held by the syntax tree, and by what is loaded in a fresh process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dlkit

PACKAGE = Path(dlkit.__file__).parent
TOOLS = (
    "cli",
    "cli_train",
    "cli_train_data",
    "cli_train_parts",
    "cli_train_words",
    "notebooks",
    "doctor",
    "jupyter",
    "__main__",
)
# Lowest first. A module that is not named here is mathematics, which is the strictest place to be.
LEVELS = (
    ("mathematics", ()),
    ("data", ("datasets",)),
    ("preparation", ("preparation",)),
    ("training", ("training",)),
    ("keras and plots", ("keras", "plots")),
    ("reports", ("report",)),
    ("doors", ("estimators", "pipeline")),
    ("display", ("display",)),
    ("labs and tools", ("labs", "exercises", *TOOLS)),
)
PLACES = {place: level for level, (_, places) in enumerate(LEVELS) for place in places}
# Who may look upwards, inside a function only, and why.
LAZY_EXCEPTIONS = {
    ("network", "training"),  # Network.fit calls the loop
    ("network", "keras"),  # Network.to_keras
    ("optimizers", "keras"),  # Optimizer.to_keras
    ("datasets", "preparation"),  # the messy table of our own making is there to be prepared
    ("training", "keras"),  # the loop asks for an engine when the model is no Network
    ("training", "report"),  # TrainingJob.report
}
# What each place may import from outside the standard library; NumPy is always allowed.
OUTSIDE = {
    "mathematics": {"threadpoolctl"},  # in dlkit.blas
    "data": {"sklearn", "pandas", "pooch", "tqdm", "PIL"},
    "preparation": {"sklearn", "pandas"},
    "training": {"tqdm", "joblib", "pandas", "sklearn", "scipy"},
    "keras": {"keras", "tensorflow", "jax", "torch"},
    "plots": {"matplotlib", "sklearn"},
    "reports": {"sklearn", "matplotlib"},
    "doors": {"sklearn"},
    "display": {"ipywidgets", "IPython", "traitlets", "matplotlib", "anywidget", "pygments", "PIL"},
    "labs": {"sklearn", "keras"},
    "exercises": {"keras", "platformdirs"},
}


def place_of(module):
    """Return the top-level place of ``dlkit.x.y``: ``x``, and for mathematics the module's name."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports_of(path):
    """Yield (module, inside a function) for every import in a file, relative ones resolved."""
    package = ["dlkit", *path.relative_to(PACKAGE).parent.parts]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in inside
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = package[: len(package) - node.level + 1]
                base = ".".join([*kept, base] if base else kept)
            for alias in node.names:
                if base == "dlkit":  # the lazy names lead to modules
                    target = dlkit._LAZY.get(alias.name, f"dlkit.{alias.name}")
                    yield target.partition(":")[0], id(node) in inside
                else:
                    yield base, id(node) in inside
                    break


def files():
    return sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)


def source_place(path):
    place = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if place == "__init__" else place


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path):
    place = source_place(path)
    level = PLACES.get(place, 0)
    for module, lazy in imports_of(path):
        if module.split(".")[0] != "dlkit" or module == "dlkit":
            continue
        target = place_of(module)
        where = f"{path.relative_to(PACKAGE)} imports {module}"
        assert target != "labs" or place in ("labs", ""), f"{where}: nothing imports labs"
        if target == place or PLACES.get(target, 0) < level:
            continue
        if level == PLACES.get(target, 0) and (level == 0 or {place, target} <= set(TOOLS)):
            continue
        if place in TOOLS and target == "exercises":
            continue
        assert (place, target) in LAZY_EXCEPTIONS, f"{where}: against the direction"
        assert lazy, f"{where}: this exception must stand inside a function"


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_only_the_packages_that_belong_there(path):
    place = source_place(path)
    if place in TOOLS:
        return
    group = LEVELS[PLACES.get(place, 0)][0]
    allowed = OUTSIDE.get(place, OUTSIDE.get(group, set())) | {"numpy", "dlkit", "__future__"}
    for module, _ in imports_of(path):
        root = module.split(".")[0]
        assert root in allowed or root in sys.stdlib_module_names, (
            f"{path.relative_to(PACKAGE)} imports {root}; {place or 'dlkit'} may import "
            f"{', '.join(sorted(allowed - {'__future__'}))}"
        )


HEAVY = ("tensorflow", "keras", "sklearn", "pandas", "matplotlib.pyplot", "ipywidgets", "IPython")
MATHEMATICS = (
    "activations losses initializers rules optimizers schedules layers autodiff network gradcheck"
)


@pytest.mark.parametrize(
    "modules, absent",
    [
        ("dlkit", (*HEAVY, "matplotlib", "scipy")),
        (" ".join(f"dlkit.{m}" for m in MATHEMATICS.split()), (*HEAVY, "matplotlib", "scipy")),
        ("dlkit.datasets", HEAVY),
        ("dlkit.training", HEAVY),
        ("dlkit.plots", ("tensorflow", "keras", "matplotlib.pyplot", "ipywidgets")),
        ("dlkit.display", ("tensorflow", "keras", "sklearn", "pandas", "matplotlib.pyplot")),
        ("dlkit.exercises", ("tensorflow", "keras", "pandas", "matplotlib.pyplot")),
    ],
    ids=("dlkit", "mathematics", "datasets", "training", "plots", "display", "exercises"),
)
def test_what_is_loaded(modules, absent):
    code = f"import sys, {', '.join(modules.split())}\nprint(*[n for n in {absent!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_the_arrows_would_notice(tmp_path, monkeypatch):
    """An import against the direction is seen, also when it stands in a function."""
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    (tmp_path / "training").mkdir()
    wrong = tmp_path / "training" / "loop.py"
    wrong.write_text("def f():\n    from dlkit.plots import chart\n")
    with pytest.raises(AssertionError, match="against the direction"):
        test_imports_run_one_way(wrong)
    upwards = tmp_path / "training" / "engine.py"
    upwards.write_text("from dlkit.keras import engine\n")
    with pytest.raises(AssertionError, match="inside a function"):
        test_imports_run_one_way(upwards)
    relative = tmp_path / "rules.py"
    relative.write_text("from .display.show import show\n")
    with pytest.raises(AssertionError, match="against the direction"):
        test_imports_run_one_way(relative)
    heavy = tmp_path / "losses.py"
    heavy.write_text("def f():\n    import scipy.special\n")
    with pytest.raises(AssertionError, match="scipy"):
        test_only_the_packages_that_belong_there(heavy)
