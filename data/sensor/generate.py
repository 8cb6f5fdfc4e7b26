"""Make sensor.csv: a year of hourly temperatures with seasons, drift, noise and gaps.

Run it with ``python data/sensor/generate.py``; it writes the same files every time.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

HEADER = "time,temperature_celsius"
START, HOURS = datetime(2023, 1, 1), 365 * 24
MEAN, YEAR, DAY, DRIFT, MEMORY, NOISE = 10.0, 9.0, 4.0, 0.5, 0.9, 0.6
"""Degrees Celsius: mean, amplitude of the year and of the day, drift over the year; then how much of
the weather of the last hour stays, and the standard deviation of its hourly news."""


def clean(seed=5):
    """Return (hours, temperature) of the complete series.

    temperature(t) = 10 − 9 cos(2π·t/8760) − 4 cos(2π·(t − 3)/24) + 0.5·t/8760 + weather(t), with
    weather(t) = 0.9·weather(t − 1) + a normal number of standard deviation 0.6.
    """
    news = np.random.default_rng(seed).normal(0.0, NOISE, HOURS)
    t = np.arange(HOURS)
    weather = np.zeros(HOURS)
    for hour in range(1, HOURS):
        weather[hour] = MEMORY * weather[hour - 1] + news[hour]
    season = -YEAR * np.cos(2 * np.pi * t / HOURS) - DAY * np.cos(2 * np.pi * (t - 3) / 24)
    return t, MEAN + season + DRIFT * t / HOURS + weather


def faults(seed=6):
    """Return what was planted: rows that are missing, empty values, a stuck sensor, single spikes."""
    generator = np.random.default_rng(seed)
    starts = sorted(
        int(start) for start in generator.choice(np.arange(200, HOURS - 400, 300), 6, False)
    )
    lengths = [int(length) for length in generator.integers(3, 60, 6)]
    return {
        "rows missing": [
            [start, start + length] for start, length in zip(starts, lengths, strict=True)
        ],
        "value empty": sorted(int(hour) for hour in generator.choice(HOURS, 60, False)),
        "stuck": [4000, 4036],
        "spikes": sorted(int(hour) for hour in generator.choice(HOURS, 8, False)),
    }


def table():
    """Return the whole file as text."""
    t, values = clean()
    planted = faults()
    values = values.round(2)
    values[slice(*planted["stuck"])] = values[planted["stuck"][0]]
    values[planted["spikes"]] = 99.99
    missing = {hour for start, stop in planted["rows missing"] for hour in range(start, stop)}
    empty = set(planted["value empty"])
    lines = [
        f"{START + timedelta(hours=int(hour)):%Y-%m-%dT%H:%M},"
        + ("" if int(hour) in empty else f"{values[hour]:.2f}")
        for hour in t
        if int(hour) not in missing
    ]
    return "\n".join([HEADER, *lines]) + "\n"


def truth_file():
    """Return the formula and what was planted, as JSON (hours are counted from the start)."""
    about = {
        "start": START.isoformat(), "mean": MEAN, "year": YEAR, "day": DAY, "drift": DRIFT,
        "memory": MEMORY, "noise": NOISE, "planted": faults(),
    }  # fmt: skip
    return json.dumps(about, indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "sensor.csv").write_text(table(), encoding="utf-8", newline="\n")
    (folder / "truth.json").write_text(truth_file(), encoding="utf-8", newline="\n")
