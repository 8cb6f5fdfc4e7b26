"""How long ``import dlkit`` takes, against NumPy alone, in one run.

python tests/benchmarks/bench_import.py

Each figure is the median over fresh processes, the cases taking turns, so that a busy moment meets all.
"""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
BOUND = 0.15  # seconds for ``import dlkit``, NumPy included
CASES = {
    "import numpy": "import numpy",
    "import dlkit": "import dlkit",
    "dlkit.Network": "import dlkit; dlkit.Network",  # the first name that is used
}


def seconds(code):
    """Return the seconds that a statement takes inside a fresh process.

    Parameters
    ----------
    code : str
        One statement.

    Returns
    -------
    float
    """
    program = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    return float(subprocess.check_output([sys.executable, "-c", program], text=True))


def measure(rounds=ROUNDS):
    """Return the median seconds of each case.

    Parameters
    ----------
    rounds : int
        Fresh processes per case.

    Returns
    -------
    dict of str to float
    """
    found = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, code in CASES.items():
            found[name].append(seconds(code))
    return {name: statistics.median(values) for name, values in found.items()}


def main():
    """Print the figures; the exit code is 1 when ``import dlkit`` takes longer than its bound."""
    began = time.perf_counter()
    medians = measure()
    for name, value in medians.items():
        print(f"{name:14s} {1000 * value:7.1f} ms")
    for name in ("import dlkit", "dlkit.Network"):
        ratio = medians[name] / medians["import numpy"]
        print(f"{name} takes {ratio:.2f} times what NumPy alone takes")
    print(f"bound for import dlkit: {1000 * BOUND:.0f} ms")
    print(f"({ROUNDS} processes each, {time.perf_counter() - began:.0f} s)")
    return int(medians["import dlkit"] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
