"""Run every benchmark that has goals, one after the other, and print the one table of them all.

python tests/benchmarks/run_all.py [--plot growth.png] [--only mlp adam] [--quick]

Each runs in a process of its own on one core. PyTorch and JAX take part where they are installed
(the extra ``peers``). The exit code is 1 if a goal is missed or a benchmark fails.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import measuring

HERE = Path(__file__).parent
QUICK_TURNS = 3


def benchmarks():
    """Return the names of all files that ``measuring.main`` runs."""
    files = sorted(HERE.glob("bench_*.py"))
    return [
        file.stem.removeprefix("bench_")
        for file in files
        if "measuring.main(" in file.read_text(encoding="utf-8")
    ]


def run(name, folder, quick):
    """Run one benchmark in its own process; return its `Result`, or None if it failed."""
    written = Path(folder) / f"{name}.json"
    command = [sys.executable, str(HERE / f"bench_{name}.py"), "--json", str(written)]
    command += ["--turns", str(QUICK_TURNS)] if quick else []
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if not written.exists():
        print(f"{name} failed:\n{done.stderr}", file=sys.stderr)
        return None
    return measuring.from_json(written.read_text(encoding="utf-8"))


def main():
    """Print all growth tables, then the table of goals."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = benchmarks()
    parser.add_argument("--plot", type=Path, help="where to draw how time grows (png, svg, pdf)")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="few turns: a first impression")
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            print(f"measuring: {name} …", file=sys.stderr, flush=True)
            found[name] = run(name, folder, options.quick)
    results = [result for result in found.values() if result is not None]
    for result in results:
        measuring.print_result(result)
    print("\nAll goals")
    goals = [goal for result in results for goal in result.goals]
    measuring.print_table([goal.row() for goal in goals], measuring.HEADINGS)
    if options.plot:
        measuring.save_plot(options.plot, results)
    failed = [name for name, result in found.items() if result is None]
    if failed:
        print(f"These failed: {', '.join(failed)}.")
    sys.exit(bool(failed) or any(goal.verdict == "MISSED" for goal in goals))


if __name__ == "__main__":
    main()
