"""Apply every mutant, one at a time, and see whether the tests notice: ``python run_mutants.py``.

    python tests/mutants/run_mutants.py                 # all of them
    python tests/mutants/run_mutants.py adam Conv2D     # those of some entries
    python tests/mutants/run_mutants.py --processes 4

Importing TensorFlow takes longer than the tests of one mutant. So one process imports what the tests
need, but neither dlkit nor a single test, and forks for each mutant; TensorFlow starts its threads
when it first computes, which it does after the fork. Where there is no fork (Windows), or it is not
safe (macOS), each mutant has a process of its own, and takes as long as that takes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Before NumPy: the workers share the cores already.
os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    TF_NUM_INTRAOP_THREADS="1",
    TF_NUM_INTEROP_THREADS="1",
    TF_CPP_MIN_LOG_LEVEL="3",
    TF_ENABLE_ONEDNN_OPTS="0",
    MPLBACKEND="Agg",
    PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",  # importing nbval alone takes longer than most mutants
)
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.insert(0, str(Path(__file__).parent))

from every_mutant import MUTANTS, tests_of  # noqa: E402
from judging import judge  # noqa: E402

FORKS = hasattr(os, "fork") and sys.platform != "darwin"
LIMIT = 180  # seconds for one mutant; a loop that never ends is no assertion
CONTROL = "control: nothing is spoilt"


class Forked:
    """A forked process, with the part of subprocess.Popen that is needed here."""

    def __init__(self, job):
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                judge(*job)
                status = 0
            finally:
                os._exit(status)
        self.returncode = None

    def poll(self):
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def kill(self):
        os.kill(self.pid, 9)

    def wait(self):
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def wanted_of(mutant, mutants, unit):
    """Return the tests of a mutant; for the control (None) those of all the mutants."""
    chosen = mutants if mutant is None else [mutant]
    tests = dict.fromkeys(test for each in chosen for test in tests_of(each))
    return [test for test in tests if not unit or test.startswith("tests/unit/")]


def start(mutant, mutants, unit, folder):
    """Start judging a mutant; return the running process."""
    if FORKS:
        return Forked((mutant, wanted_of(mutant, mutants, unit), folder))
    child = [sys.executable, __file__, "--child", str(folder)]
    child += ["--unit"] * unit + ["--control"] * (mutant is None)
    return subprocess.Popen(child + [each.name for each in ([mutant] if mutant else mutants)])


def run(mutants, processes=2, unit=False, report=lambda name, judgement: None):
    """Judge the control and then every mutant.

    Parameters
    ----------
    mutants : list of Mutant
    processes : int
        How many at a time.
    unit : bool
        Whether to run the unit tests alone, which need no TensorFlow.
    report : callable
        Gets each name and judgement as soon as it is there.

    Returns
    -------
    dict of str to dict
        ``verdict``, ``why``, ``tests`` and ``seconds`` for each mutant's name and for the control.
    """
    if FORKS:
        preload(wanted_of(None, mutants, unit))
    found, running = {}, {}
    waiting = [None, *mutants]
    with tempfile.TemporaryDirectory(prefix="dlkit-mutants-") as place:
        while waiting or running:
            while waiting and len(running) < processes:
                mutant, folder = waiting.pop(0), Path(tempfile.mkdtemp(dir=place))
                name = mutant.name if mutant else CONTROL
                running[name] = start(mutant, mutants, unit, folder), time.monotonic(), folder
            for name, (process, since, folder) in list(running.items()):
                seconds = time.monotonic() - since
                limit = LIMIT * (10 if name == CONTROL else 1)
                if process.poll() is None and seconds < limit:
                    continue
                del running[name]
                found[name] = {**judgement_of(process, folder), "seconds": round(seconds, 2)}
                report(name, found[name])
            time.sleep(0.01)
    return found


def judgement_of(process, folder):
    """Return what a process wrote that has ended, or has had its time."""
    if process.poll() is None:
        process.kill()
        process.wait()
        return {"verdict": "invalid", "why": f"not finished after {LIMIT} s", "tests": 0}
    result, output = folder / "result.json", folder / "output.txt"
    if not result.exists():
        words = output.read_text(encoding="utf-8", errors="replace")[-1500:]
        return {"verdict": "invalid", "why": f"the process died: {words}", "tests": 0}
    return json.loads(result.read_text(encoding="utf-8"))


def preload(tests):
    """Import what takes long, once; never dlkit, whose modules the mutants replace."""
    import gc

    import hypothesis  # noqa: F401
    import numpy  # noqa: F401
    import pytest  # noqa: F401

    if any(test.startswith("tests/conformance/") for test in tests):
        import keras  # noqa: F401
        import scipy.special  # noqa: F401
        import tensorflow  # noqa: F401
    gc.freeze()  # pages that the garbage collector does not touch stay shared


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="entries, or whole names of mutants")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--unit", action="store_true", help="run the unit tests alone")
    parser.add_argument("--json", type=Path, help="write the judgements to this file")
    parser.add_argument("--control", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    names = set(asked.names)
    mutants = [each for each in MUTANTS if not names or names & {each.name, each.entry}]
    if asked.child:
        mutant = None if asked.control else mutants[0]
        return judge(mutant, wanted_of(mutant, mutants, asked.unit), asked.child)
    unknown = names - {each.name for each in MUTANTS} - {each.entry for each in MUTANTS}
    if unknown:
        parser.error(f"no such entry or mutant: {sorted(unknown)}")

    def show(name, judgement):
        passed = judgement["verdict"] == ("survived" if name == CONTROL else "caught")
        words = "" if passed else f"\n    {judgement['why']}"
        print(f"{judgement['verdict']:9}{judgement['seconds']:7.2f} s  {name}{words}", flush=True)

    since = time.monotonic()
    found = run(mutants, asked.processes, asked.unit, show)
    caught = sum(each["verdict"] == "caught" for each in found.values())
    print(f"{caught} of {len(mutants)} mutants caught in {time.monotonic() - since:.0f} s")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return int(caught < len(mutants) or found[CONTROL]["verdict"] != "survived")


if __name__ == "__main__":
    sys.exit(main())
