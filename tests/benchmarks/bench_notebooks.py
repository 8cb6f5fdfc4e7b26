"""How long each notebook takes, how large it is, and how much memory its processes need at most.

python tests/benchmarks/bench_notebooks.py [notebooks/05_training.ipynb ...]

Seconds are those of the clock, kernel start included, so that they are what a learner waits.
"""

import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from dlkit.notebooks import check_environment

ROOT = Path(__file__).parents[2]
SECONDS, ALL_SECONDS, KILOBYTES, MEGABYTES = 90, 480, 500, 2048


class Watch:
    """The largest memory that this process's children held together, looked at ten times a second."""

    def __init__(self):
        self.peak, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _look(self):
        own = psutil.Process()
        while not self._stop.wait(0.1):
            total = 0
            for child in own.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:
                    continue  # it has just ended
            self.peak = max(self.peak, total)


def measure(path):
    """Return seconds, megabytes and kilobytes of one notebook."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=180, resources={"metadata": {"path": str(path.parent)}}
    )
    with Watch() as watch:
        began = time.perf_counter()
        client.execute(env=check_environment())
        seconds = time.perf_counter() - began
    return seconds, watch.peak / 2**20, path.stat().st_size / 1000


def main():
    """Print a table; the exit code is 1 when a bound is passed."""
    paths = [Path(name).resolve() for name in sys.argv[1:]]
    paths = paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    rows = {path.stem: measure(path) for path in paths}
    print(f"{'notebook':28} {'s':>7} {'MB':>7} {'kB':>7}")
    for name, (seconds, megabytes, kilobytes) in rows.items():
        print(f"{name:28} {seconds:7.1f} {megabytes:7.0f} {kilobytes:7.0f}", flush=True)
    total = sum(seconds for seconds, _, _ in rows.values())
    print(f"{'all':28} {total:7.1f}")
    bounds = (SECONDS, MEGABYTES, KILOBYTES)
    passed = [name for name, row in rows.items() if any(map(float.__gt__, row, map(float, bounds)))]
    print(f"bounds: {SECONDS} s, {MEGABYTES} MB, {KILOBYTES} kB each; {ALL_SECONDS} s in all")
    return int(bool(passed) or total > ALL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
