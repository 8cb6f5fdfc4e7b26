"""Faults in the schedules: off by one step, stairs for slopes, ends and restarts missed."""

from mutant import Mutant


def tests(entry):
    """Return the tests of a schedule: numbers by hand and laws."""
    laws = {
        "CosineRestarts": ("test_restarts_come_on_time", "test_equal_cycles"),
        "ExponentialDecay": ("test_decay_halves_when_it_says",),
    }
    return tuple(f"tests/unit/test_schedules.py::{name}" for name in (entry, *laws.get(entry, ())))


def fault(entry, file, find, replace, why):
    """Return a mutant of a schedule's ``value``."""
    return Mutant(entry, f"dlkit/schedules/{file}.py: {entry}.value", find, replace, why)


MUTANTS = [
    fault("Constant", "base", "0 * step", "step", "the step added"),
    fault(
        "Constant",
        "base",
        "self.learning_rate + 0 * step",
        "self.learning_rate / (1 + step)",
        "decays",
    ),
    fault("Constant", "base", "self.learning_rate + 0 * step", "0 * step", "learning rate lost"),
    fault("StepDecay", "decay", "step / self", "(step + 1) / self", "stairs one step early"),
    fault(
        "StepDecay",
        "decay",
        "xp.floor(step / self.decay_steps)",
        "(step / self.decay_steps)",
        "a slope, not a stair",
    ),
    fault(
        "StepDecay",
        "decay",
        "xp.floor(step / self.decay_steps)",
        "xp.minimum(xp.floor(step / self.decay_steps), 1)",
        "only one stair",
    ),
    fault("StepDecay", "decay", "xp.floor", "xp.ceil", "rounded up"),
    fault("ExponentialDecay", "decay", "step / self.decay_steps", "step", "decay_steps left out"),
    fault(
        "ExponentialDecay",
        "decay",
        "(step / self.decay_steps)",
        "xp.floor(step / self.decay_steps)",
        "a stair, not a slope",
    ),
    fault(
        "ExponentialDecay",
        "decay",
        "** (step / self.decay_steps)",
        "* (step / self.decay_steps)",
        "product for power",
    ),
    fault("ExponentialDecay", "decay", "step / self", "(step + 1) / self", "one step early"),
    fault("InverseTimeDecay", "decay", "1 + self.decay_rate", "self.decay_rate", "the 1 lost"),
    fault(
        "InverseTimeDecay",
        "decay",
        "self.decay_rate * step / self.decay_steps",
        "self.decay_rate * step",
        "decay_steps left out",
    ),
    fault(
        "InverseTimeDecay",
        "decay",
        "(1 + self.decay_rate * step / self.decay_steps)",
        "(1 + self.decay_rate * step / self.decay_steps) ** 0.5",
        "the root of it",
    ),
    fault(
        "PolynomialDecay",
        "decay",
        "xp.minimum(step, self.decay_steps)",
        "step",
        "goes on after the end",
    ),
    fault("PolynomialDecay", "decay", "left**self.power", "left", "power left out"),
    fault("PolynomialDecay", "decay", " + self.end_learning_rate", "", "end not added"),
    fault(
        "PolynomialDecay",
        "decay",
        "self.initial_learning_rate - self.end_learning_rate",
        "self.initial_learning_rate",
        "starts above the start",
    ),
    fault("CosineAnnealing", "decay", "(1 - self.alpha) * wave", "wave", "alpha added on top"),
    fault(
        "CosineAnnealing",
        "decay",
        "xp.minimum(step, self.decay_steps)",
        "step",
        "rises again after the end (burn#5191)",
    ),
    fault("CosineAnnealing", "decay", "1 + xp.cos", "1 - xp.cos", "rises instead of falling"),
    fault("CosineAnnealing", "decay", "math.pi * done", "2 * math.pi * done", "a whole wave"),
    fault(
        "CosineAnnealing",
        "decay",
        "self.alpha) * wave + self.alpha)",
        "self.alpha) * wave) + self.alpha",
        "alpha taken for a learning rate",
    ),
    fault("CosineRestarts", "cycles", "powers + 1e-9", "powers", "a restart missed by rounding"),
    fault(
        "CosineRestarts",
        "cycles",
        "step / self",
        "(step + 1) / self",
        "one step early (pytorch#23480)",
    ),
    fault(
        "CosineRestarts",
        "cycles",
        "self.m_mul**cycle",
        "self.m_mul",
        "restarts do not shrink further",
    ),
    fault(
        "CosineRestarts",
        "cycles",
        "(passed - before) / self.t_mul**cycle",
        "passed - before",
        "cycles do not grow",
    ),
    fault(
        "CosineRestarts",
        "cycles",
        " / (self.t_mul - 1)",
        "",
        "sum of the cycles without its denominator",
    ),
    fault(
        "CosineRestarts",
        "cycles",
        "done = passed - cycle",
        "done = passed",
        "equal cycles never restart",
    ),
    fault(
        "Warmup",
        "cycles",
        "step - self.warmup_steps, 0",
        "step, 0",
        "decays during the warm-up (fairchem#1967)",
    ),
    fault("Warmup", "cycles", "start + (end - start)", "start + end", "rises above its goal"),
    fault(
        "Warmup",
        "cycles",
        "start + (end - start) * step / self.warmup_steps",
        "(end - start) * step / self.warmup_steps",
        "starts at 0 whatever is asked for",
    ),
    fault("Warmup", "cycles", "* step /", "* (step + 1) /", "one step early"),
    fault(
        "OneCycle",
        "cycles",
        "step / (self.total_steps - 1)",
        "step / self.total_steps",
        "ends one step late",
    ),
    fault(
        "OneCycle",
        "cycles",
        "start / self.end_divisor",
        "top / self.end_divisor",
        "end measured from the top",
    ),
    fault(
        "OneCycle",
        "cycles",
        "1 - xp.cos(math.pi * risen)",
        "1 + xp.cos(math.pi * risen)",
        "falls where it should rise",
    ),
    fault(
        "OneCycle",
        "cycles",
        "passed - self.rise_fraction",
        "passed",
        "the fall begins in its middle",
    ),
    fault(
        "OneCycle",
        "cycles",
        "xp.minimum(step / (self.total_steps - 1), 1 + 0 * step)",
        "step / (self.total_steps - 1)",
        "rises again after the end",
    ),
]
