"""Make seedlings.csv: 200 invented seedlings whose fate one neuron decides.

Run it with ``python data/seedlings/generate.py``; it writes the same file every time.
"""

from pathlib import Path

import numpy as np

HEADER = "light_hours_per_day,water_ml_per_day,thrives"
LIGHT_WEIGHT, WATER_WEIGHT, BIAS = 0.9, 0.08, -10.3
"""The truth: z = 0.9 · light + 0.08 · water − 10.3, P(thrives) = 1 / (1 + exp(−z))."""


def rows(count=200, seed=7):
    """Return ``count`` rows of text: light in hours a day, water in millilitres a day, 0 or 1."""
    generator = np.random.default_rng(seed)
    light = generator.uniform(2, 14, count).round(1)
    water = generator.uniform(10, 110, count).round(0)
    z = LIGHT_WEIGHT * light + WATER_WEIGHT * water + BIAS
    thrives = generator.uniform(size=count) < 1 / (1 + np.exp(-z))
    return [
        f"{hours:.1f},{millilitres:.0f},{int(fate)}"
        for hours, millilitres, fate in zip(light, water, thrives, strict=True)
    ]


def table(count=200, seed=7):
    """Return the whole file as text."""
    return "\n".join([HEADER, *rows(count, seed)]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("seedlings.csv").write_text(table(), encoding="utf-8", newline="\n")
