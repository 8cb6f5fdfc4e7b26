"""One step of Adam on a million parameters, against what the memory allows, and PyTorch.

python tests/benchmarks/bench_adam.py

Any Adam must read parameters, gradients and two moments, and write all but the gradients: seven
numbers for each parameter. The limit is how long the memory takes to move them, measured with a
copy of arrays that are far larger than the caches (as McCalpin's STREAM benchmark asks, 1995). The
arrays of a million parameters fit into the largest cache of some processors: the copy of just these
is printed beside it. The parameters are those of a network 784-1024-200-10, so that PyTorch has the
tensors that it would have.
"""

import measuring  # first: it sets how many threads the others use

# isort: split
import numpy as np

from dlkit import optimizers
from dlkit.rules import RULES

SHAPES = ((784, 1024), (1024,), (1024, 200), (200,), (200, 10), (10,))
PARAMETERS = sum(int(np.prod(shape)) for shape in SHAPES)
FAR_LARGER = 64_000_000  # numbers in each array of the copy: 256 MB
LIMIT = "limit: memory bandwidth"
IN_CACHE = "the same bytes copied, cache allowed"
OWN = "dlkit, by blocks"


def arrays(size):
    """Return parameters and gradients."""
    generator = np.random.default_rng(0)
    return tuple(generator.normal(size=size).astype("float32") for _ in range(2))


def dlkit_step(size=PARAMETERS):
    """Return a function that takes a step of this kit's Adam on flat buffers."""
    optimizer, (parameters, gradients) = optimizers.Adam(), arrays(size)
    return lambda: optimizer.apply_flat(gradients, parameters)


def whole_arrays(size=PARAMETERS):
    """Return a function that applies the same rule to the whole arrays at once."""
    rule, (parameters, gradients) = RULES["adam"], arrays(size)
    own = {name: declared.default for name, declared in rule.hyperparameters.items()}
    slots, step = rule.init(np, parameters, **own), 0

    def run():
        nonlocal slots, step
        step += 1
        scalars = rule.advance(step, {}, **own)
        delta, slots = rule.update(np, gradients, parameters, slots, scalars, 0.001, **own)
        np.add(parameters, delta, out=parameters)

    return run


def in_place(size=PARAMETERS):
    """Return a function that takes the step by hand, without a temporary, block by block."""
    parameters, gradients = arrays(size)
    first, second = np.zeros(size, "float32"), np.zeros(size, "float32")
    block, step = 8192, 0
    buffer = np.empty(block, "float32")

    def run():
        nonlocal step
        step += 1
        rate = 0.001 * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
        for start in range(0, size, block):
            p, g, m, v = (
                each[start : start + block] for each in (parameters, gradients, first, second)
            )
            t = buffer[: p.size]
            np.multiply(m, 0.9, out=m)
            np.multiply(g, 0.1, out=t)
            np.add(m, t, out=m)
            np.multiply(v, 0.999, out=v)
            np.multiply(g, g, out=t)
            np.multiply(t, 0.001, out=t)
            np.add(v, t, out=v)
            np.sqrt(v, out=t)
            np.add(t, 1e-7, out=t)
            np.divide(m, t, out=t)
            np.multiply(t, rate, out=t)
            np.subtract(p, t, out=p)

    return run


def memory_copy(size=PARAMETERS):
    """Return a function that moves seven numbers for each parameter, and computes nothing."""
    source = np.ones(7 * size // 2, "float32")
    target = np.zeros_like(source)
    return lambda: np.copyto(target, source)


def memory_bandwidth(size=PARAMETERS):
    """Return a function that moves as many bytes, each from and to the memory itself."""
    count = 7 * size // 2
    source = np.ones(max(FAR_LARGER, 2 * count), "float32")
    target, place = np.zeros_like(source), 0

    def run():
        nonlocal place
        place = place + count if place + 2 * count <= len(source) else 0
        np.copyto(target[place : place + count], source[place : place + count])

    return run


def torch_step(size=PARAMETERS):
    """Return a function that takes a step of PyTorch's Adam, ``foreach=True``."""
    import torch

    torch.set_num_threads(1)
    values, gradients = arrays(size)
    sizes = [int(np.prod(shape)) * size // PARAMETERS for shape in SHAPES]
    sizes[0] += size - sum(sizes)
    parameters = [
        torch.nn.Parameter(part.clone()) for part in torch.from_numpy(values).split(sizes)
    ]
    for parameter, gradient in zip(parameters, torch.from_numpy(gradients).split(sizes)):
        parameter.grad = gradient.clone()
    optimizer = torch.optim.Adam(parameters, foreach=True)
    return optimizer.step


def measure(turns):
    """Return the `Result`."""
    lines = []
    makers = {
        OWN: dlkit_step,
        "the same rule on whole arrays": whole_arrays,
        "by hand, in place": in_place,
        "PyTorch foreach": torch_step,
        LIMIT: memory_bandwidth,
        IN_CACHE: memory_copy,
    }
    sides = measuring.available(makers, lines)
    times = measuring.in_turns({k: measuring.repeated(f, 5) for k, f in sides.items()}, turns)
    lines += [f"{name:<32}{value / 5:8.3f} ms" for name, value in measuring.best(times).items()]
    task = "Adam, 1 M parameters"
    goals = [
        measuring.versus(f"{task}: time / {LIMIT[7:]}", times, LIMIT, OWN, 2.3, 1.9, False),
        measuring.versus(f"{task}: speed / PyTorch foreach", times, "PyTorch foreach", OWN, 1.4),
        measuring.versus(
            f"{task}: speed / whole arrays", times, "the same rule on whole arrays", OWN, None
        ),
        measuring.versus(f"{task}: time / {IN_CACHE}", times, IN_CACHE, OWN, None, None, False),
        measuring.versus(
            f"{task}: time / by hand", times, "by hand, in place", OWN, None, None, False
        ),
    ]
    sizes = (10_000, 100_000, 1_000_000, 4_000_000)
    growth = measuring.growth("parameters", sizes, {name: makers[name] for name in sides})
    return measuring.Result("One step of Adam", goals, [growth], lines)


if __name__ == "__main__":
    measuring.main(measure, __doc__, turns=20)
