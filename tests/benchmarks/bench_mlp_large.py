"""An epoch of a larger network, 784-512-256-10, batch 256, Adam, on 2048 made-up images.

python tests/benchmarks/bench_mlp_large.py

Here the products of matrices take most of the time, so that no kit can be far ahead of another.
"""

import bench_mlp  # first: it sets how many threads the others use
import measuring

# isort: split
import numpy as np

from dlkit import Data

HIDDEN, BATCH, SAMPLES = (512, 256), 256, 2048
LIMIT = bench_mlp.LIMIT


def made_up():
    """Return images of noise with the brightness of handwriting, and labels."""
    generator = np.random.default_rng(0)
    x = generator.random((SAMPLES + 64, 784), dtype="float32")
    y = generator.integers(0, 10, SAMPLES + 64)
    return Data(x[:SAMPLES], y[:SAMPLES], x[SAMPLES:], y[SAMPLES:])


def measure(turns):
    """Return the `Result`."""
    lines, task = [], (HIDDEN, BATCH, made_up())
    makers = {"dlkit": bench_mlp.dlkit_epoch, LIMIT: bench_mlp.products, **bench_mlp.PEERS}
    makers = {name: lambda make=make: make(*task) for name, make in makers.items()}
    times = measuring.in_turns(measuring.available(makers, lines), turns)
    lines += [f"{name:<32}{value:8.2f} ms" for name, value in measuring.best(times).items()]
    goals = [
        measuring.versus(
            f"MLP 784-512-256-10, batch 256: speed / {peer}", times, peer, "dlkit", *bounds
        )
        for peer, bounds in (
            ("scikit-learn", (1.5,)),
            ("Keras fit", (1.1,)),
            ("PyTorch eager", (None, 1)),
            ("JAX compiled", (None,)),
        )
    ]
    return measuring.Result("An epoch of a larger MLP", goals, [], lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__, turns=8)
