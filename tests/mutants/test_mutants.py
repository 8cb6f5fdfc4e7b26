"""Every registered piece of mathematics has mutants, and the suite catches each of them.

The full tier applies all of them; the fast tier applies a sample, which the unit tests catch without
TensorFlow. ``python tests/mutants/run_mutants.py adam`` applies those of one entry.
"""

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from every_mutant import FAMILIES, MUTANTS
from mutant import Mutant, code_of

RUNNER = Path(__file__).with_name("run_mutants.py")
CONTROL = "control: nothing is spoilt"
SAMPLE = [
    "sigmoid: sign in the derivative",
    "mean_squared_error: the 2 lost in the derivative",
    "Warmup: one step early",
    "l2: the 2 lost in the derivative",
    "Dropout: gradient not masked",
    "MaxPooling2D: of equal maxima each gets the gradient",
    "sgd: uphill",
]


def judgements(tmp_path, *arguments):
    """Return what the runner finds, name to judgement."""
    result = tmp_path / "judgements.json"
    call = [sys.executable, RUNNER, "--json", result, *arguments]
    done = subprocess.run(call, capture_output=True, text=True, encoding="utf-8")
    assert result.exists(), done.stdout + done.stderr
    return json.loads(result.read_text(encoding="utf-8"))


def registry_of(family):
    module, _, name = family.registry.partition(":")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.registry.partition(":")[2])
def test_every_entry_has_three_mutants(family):
    registry = registry_of(family)
    counts = Counter(mutant.entry for mutant in family.mutants)
    assert set(counts) <= set(registry)
    missing = {entry: counts[entry] for entry in registry if counts[entry] < 3}
    assert not missing, "fewer than three mutants"


def test_mutants_have_names_of_their_own():
    assert [name for name, count in Counter(m.name for m in MUTANTS).items() if count > 1] == []


def test_every_mutant_finds_its_place():
    for mutant in MUTANTS:
        mutant.source()


def test_a_table_that_has_rotted_is_noticed():
    mutant = next(each for each in MUTANTS if each.name == SAMPLE[0])
    for change in ({"find": "y * y * y"}, {"find": "y"}, {"replace": mutant.find}):
        with pytest.raises(LookupError, match="sigmoid"):
            mutant._replace(**change).source()
    with pytest.raises(LookupError, match="'Sigmoyd' of 'Sigmoyd.slope' is there 0 times"):
        mutant._replace(place="dlkit/activations.py: Sigmoyd.slope").source()


def test_docstrings_are_no_place_for_a_fault():
    text = 'def f(x):\n    """Return x."""\n    return x\n\n\ndef g(x):\n    return x\n'
    for name, code in {"f": "    return x\n", "g": "def g(x):\n    return x\n"}.items():
        first, start, stop = code_of(text, name)
        assert text[start:stop] == code
        assert text[first:stop].startswith(f"def {name}(x):")
    mutant = Mutant("Tanh", "dlkit/activations.py: Tanh", "slope 1 - y²", "slope y", "a formula")
    with pytest.raises(LookupError, match="0 times"):
        mutant.source()


def test_a_sample_is_caught_by_the_unit_tests(tmp_path):
    found = judgements(tmp_path, "--unit", *SAMPLE)
    assert found.pop(CONTROL)["verdict"] == "survived"
    assert {name: judgement["verdict"] for name, judgement in found.items()} == dict.fromkeys(
        SAMPLE, "caught"
    )


@pytest.mark.full
def test_every_mutant_is_caught(tmp_path):
    found = judgements(tmp_path)
    control = found.pop(CONTROL)
    assert control["verdict"] == "survived", control["why"]
    assert len(found) == len(MUTANTS)
    escaped = {name: each["why"] for name, each in found.items() if each["verdict"] != "caught"}
    assert escaped == {}
