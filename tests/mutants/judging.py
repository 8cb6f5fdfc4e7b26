"""Run the tests of one mutant in this process, and say whether an assertion noticed the fault."""

import contextlib
import json
import os
import sys
import tempfile

import pytest
from mutant import ROOT, Spoiler

# Tests of tests: they spoil formulae by themselves or compare the source with its docstring, so that
# they would notice any edit, right or wrong.
NOT_WITNESSES = ("caught", "wrong_variant", "unedited", "formula_and_code", "rounded_constant")


class Witness:
    """A pytest plugin that keeps the tests that are asked for, up to the first that fails.

    Parameters
    ----------
    wanted : iterable of str
        ``"tests/unit/test_rules.py::adam"``: every test of that file called so, or with that value
        (or ``"adam, …"``) among its parameters; ``"…::test_is_pure[adam]"``: both.
    """

    def __init__(self, wanted):
        self.wanted = {}
        for each in wanted:
            file, _, name = each.partition("::")
            self.wanted.setdefault(file, set()).add(name)
        self.found, self.ran, self.others = set(), 0, []
        self.failed = None

    def is_wanted(self, item):
        """Return whether this test is asked for."""
        file = item.path.relative_to(ROOT).as_posix()
        function = getattr(item, "originalname", item.name)
        if any(word in function for word in NOT_WITNESSES):
            return False
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        texts = {each for each in parameters if isinstance(each, str)}
        texts |= {text.partition(",")[0] for text in texts}
        names = texts | {function} | {f"{function}[{text}]" for text in texts}
        hits = self.wanted.get(file, set()) & names
        self.found |= {f"{file}::{name}" for name in hits}
        return bool(hits)

    def missing(self):
        """Return what was asked for and is no test."""
        wanted = {f"{file}::{name}" for file, names in self.wanted.items() for name in names}
        return sorted(wanted - self.found)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if self.is_wanted(item)]

    def pytest_collectreport(self, report):
        if report.failed:
            self.others.append(f"{report.nodeid}: {report.longreprtext.strip()[-300:]}")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        report = outcome.get_result()
        if report.when == "call":
            self.ran += report.outcome != "skipped"
        if report.outcome != "failed":
            return
        kind = call.excinfo.type
        words = f"{item.nodeid}: {kind.__name__}: {str(call.excinfo.value).strip()[:300]}"
        if report.when == "call" and issubclass(kind, AssertionError | pytest.fail.Exception):
            self.failed = words
            item.session.shouldfail = "caught"
        else:
            self.others.append(words)


def judge(mutant, wanted, folder):
    """Run the tests in this process and write the judgement to a file, as JSON.

    Parameters
    ----------
    mutant : Mutant or None
        None for the control: the same tests with nothing spoilt.
    wanted : iterable of str
        The tests, as `Witness` takes them.
    folder : pathlib.Path
        Where pytest's output goes (``output.txt``), all temporary files, and the judgement
        (``result.json``): ``caught`` (an assertion failed), ``survived`` (all passed), or
        ``invalid`` (anything else), and why.
    """
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    stream = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.chdir(ROOT)
    spoiler = mutant and Spoiler(mutant)
    if spoiler:
        spoiler.install()
    witness = Witness(wanted)
    # The files in the order asked for, the cheap ones first.
    files = list(witness.wanted)
    options = ["-o", "addopts=", "--import-mode=importlib", "-q", "--tb=native"]
    options += ["-p", "no:cacheprovider", "-W", "ignore"]
    code = pytest.main([*options, *files], plugins=[witness])
    verdict, why = "survived", f"{witness.ran} tests passed"
    if witness.missing():
        verdict, why = "invalid", f"no such test: {witness.missing()}; {witness.others[:1]}"
    elif spoiler and not spoiler.used:
        verdict, why = "invalid", f"the tests never imported {mutant.module}"
    elif witness.failed:
        verdict, why = "caught", witness.failed
    elif witness.others:
        verdict, why = "invalid", f"no assertion, but an error: {witness.others[0]}"
    elif code or not witness.ran:
        verdict, why = "invalid", f"pytest ended with {int(code)} after {witness.ran} tests"
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    judgement = {"verdict": verdict, "why": why, "tests": witness.ran}
    (folder / "result.json").write_text(json.dumps(judgement), encoding="utf-8")
