"""What the benchmarks share: one core, sides that take turns, ratios, one table, one plot.

Import this before NumPy, PyTorch, JAX or TensorFlow: how many threads they use is read once, when
they are loaded. A benchmark is a file ``bench_*.py`` with ``measure(turns)``, which returns a
`Result`; its last line hands that function to `main`, which gives it its options. Such files are
what ``run_all.py`` runs.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import sys
import time
from pathlib import Path

for _name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

try:
    import dlkit  # noqa: F401 - only to see that it can be found
except ModuleNotFoundError:  # an interpreter where the kit is not installed, but its peers are
    sys.path.insert(0, str(Path(__file__).parents[2]))


@dataclasses.dataclass(frozen=True)
class Goal:
    """One figure and what it should be.

    Parameters
    ----------
    what : str
        The task, and what is compared.
    measured : float or None
        None if it could not be measured here; ``note`` says why.
    commit : float
        What must be reached.
    moonshot : float, optional
        What would be splendid.
    at_least : bool
        Whether more is better.
    unit : str
        Of all three; ``×`` for a ratio.
    note : str
        Anything that one should know about it.
    """

    what: str
    measured: float | None
    commit: float | None
    moonshot: float | None = None
    at_least: bool = True
    unit: str = "×"
    note: str = ""

    def reaches(self, bound):
        """Return whether the measured figure is as good as ``bound``."""
        return self.measured >= bound if self.at_least else self.measured <= bound

    @property
    def verdict(self):
        """One word: moonshot, pass, MISSED, or what else there is to say."""
        if self.measured is None:
            return "not measured"
        if self.moonshot is not None and self.reaches(self.moonshot):
            return "moonshot"
        if self.commit is None:
            return "for information" if self.moonshot is None else "below moonshot"
        return "pass" if self.reaches(self.commit) else "MISSED"

    def row(self):
        """Return the cells of its line in the table."""
        sign = "≥" if self.at_least else "≤"
        cells = [self.what]
        for bound in (self.commit, self.moonshot):
            cells.append("" if bound is None else f"{sign} {bound:g} {self.unit}")
        figure = "–" if self.measured is None else f"{self.measured:.3g} {self.unit}"
        return [*cells, figure, self.verdict, self.note]


@dataclasses.dataclass(frozen=True)
class Growth:
    """How time grows with one number: a line of a table, and a panel of the plot.

    Parameters
    ----------
    axis : str
        What grows, such as ``batch``.
    values : list of float
        What it was set to.
    milliseconds : dict of str to list of float
        The times of each side, one for each value.
    """

    axis: str
    values: list
    milliseconds: dict


@dataclasses.dataclass(frozen=True)
class Result:
    """What a benchmark found.

    Parameters
    ----------
    title : str
        The task in one line.
    goals : list of Goal
    growths : list of Growth
    lines : list of str
        What else to print.
    """

    title: str
    goals: list
    growths: list = dataclasses.field(default_factory=list)
    lines: list = dataclasses.field(default_factory=list)


def one_core():
    """Keep this process on one core, where the system can do that, so that no side has helpers."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextlib.contextmanager
def all_cores():
    """Let this process use every core inside a ``with`` block; gives how many there are."""
    if not hasattr(os, "sched_setaffinity"):
        yield os.cpu_count()
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))
    try:
        yield len(os.sched_getaffinity(0))
    finally:
        os.sched_setaffinity(0, before)


def in_turns(sides, turns, clock=time.process_time):
    """Return the seconds of every turn of each side, after one turn to warm up.

    The sides take turns, and the time is the processor's, so that whatever else a machine does
    disturbs all sides alike.

    Parameters
    ----------
    sides : dict of str to callable
    turns : int
    clock : callable

    Returns
    -------
    dict of str to list of float
    """
    times = {name: [] for name in sides}
    for turn in range(turns + 1):
        for name, work in sides.items():
            began = clock()
            work()
            if turn:
                times[name].append(clock() - began)
    return times


def ratio(times, slow, fast):
    """Return how many times as long ``slow`` takes as ``fast``: the median over the turns."""
    pairs = zip(times[slow], times[fast], strict=True)
    return statistics.median(a / b for a, b in pairs)


def best(times):
    """Return the best time of each side in milliseconds."""
    return {name: 1e3 * min(values) for name, values in times.items()}


def repeated(work, count):
    """Return a function that does ``work`` so many times: for work too short for the clock."""

    def run():
        for _ in range(count):
            work()

    return run


def available(makers, lines):
    """Return the sides that can be made here; what is not installed leaves a line instead.

    Parameters
    ----------
    makers : dict of str to callable
        Each returns the side's work, or raises ``ImportError``.
    lines : list of str
        Gets a line for each side that is left out.

    Returns
    -------
    dict of str to callable
    """
    sides = {}
    for name, make in makers.items():
        try:
            sides[name] = make()
        except ImportError as error:
            lines.append(f"{name} is left out: {error.name} is not installed.")
    return sides


def versus(what, times, peer, own, commit, moonshot=None, at_least=True):
    """Return the `Goal` of one comparison.

    With ``at_least`` the figure is the peer's time over our own (how many times as fast we are),
    otherwise our own time over the peer's.
    """
    if peer not in times:
        return Goal(what, None, commit, moonshot, at_least, note=f"no {peer} here")
    pair = (peer, own) if at_least else (own, peer)
    return Goal(what, ratio(times, *pair), commit, moonshot, at_least)


def growth(axis, values, makers, turns=3):
    """Return the `Growth` of some sides; each maker takes one value and returns the work.

    Parameters
    ----------
    axis : str
    values : sequence
    makers : dict of str to callable
    turns : int
    """
    found = {name: [] for name in makers}
    for value in values:
        sides = {name: make(value) for name, make in makers.items()}
        for name, milliseconds in best(in_turns(sides, turns)).items():
            found[name].append(milliseconds)
    return Growth(axis, list(values), found)


def print_table(rows, headings):
    """Print lines of cells in columns as wide as they need to be."""
    rows = [list(map(str, row)) for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip())


HEADINGS = ("task", "commit", "moonshot", "measured", "verdict", "note")


def print_result(result):
    """Print everything that a benchmark found."""
    print(f"\n{result.title}")
    for line in result.lines:
        print(line)
    print_table([goal.row() for goal in result.goals], HEADINGS)
    for each in result.growths:
        print(f"\ntime in ms by {each.axis}")
        rows = [[name, *(f"{t:.2f}" for t in times)] for name, times in each.milliseconds.items()]
        print_table(rows, ("", *each.values))


def save_plot(path, results):
    """Draw how time grows, a panel for each axis, on logarithmic scales.

    Parameters
    ----------
    path : str or path
        Where to; the ending says the format.
    results : list of Result
    """
    from matplotlib.figure import Figure

    panels = [(result.title, each) for result in results for each in result.growths]
    rows = -(-len(panels) // 3)
    figure = Figure(figsize=(13, 3.6 * rows), layout="constrained")
    for number, (title, each) in enumerate(panels, start=1):
        panel = figure.add_subplot(rows, 3, number)
        for name, times in each.milliseconds.items():
            style = ":" if "limit" in name else "-"
            panel.plot(each.values, times, style, marker="o", label=name)
        panel.set(xscale="log", yscale="log", xlabel=each.axis, ylabel="ms (one core)")
        panel.set_xticks(each.values, [f"{value:g}" for value in each.values])
        panel.minorticks_off()
        panel.set_title(title, fontsize=9)
        panel.legend(fontsize=7)
        panel.grid(alpha=0.3)
    figure.savefig(path)


def main(measure, description, turns=15):
    """Run one benchmark from the command line; the exit code is 1 if a goal is missed.

    Parameters
    ----------
    measure : callable
        ``measure(turns)`` returns a `Result`.
    description : str
        For ``--help``: the file's own description.
    turns : int
        How often each side has its turn by default.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=turns, help="how often each side is timed")
    parser.add_argument("--plot", type=Path, help="where to draw how time grows (png, svg, pdf)")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    one_core()
    result = measure(options.turns)
    print_result(result)
    if options.plot:
        save_plot(options.plot, [result])
    if options.json:
        options.json.write_text(json.dumps(dataclasses.asdict(result)), encoding="utf-8")
    sys.exit(any(goal.verdict == "MISSED" for goal in result.goals))


def from_json(text):
    """Return the `Result` that ``--json`` wrote."""
    read = json.loads(text)
    goals, growths = (read.pop(name) for name in ("goals", "growths"))
    return Result(
        goals=[Goal(**each) for each in goals], growths=[Growth(**each) for each in growths], **read
    )
