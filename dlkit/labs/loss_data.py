"""Two made weather stations: thermometers on a mountain, and snow or rain by temperature.

What is true is planted, so that a fit can be compared with it: air cools by 6.5 °C per kilometre
of height, and precipitation falls as snow below about 1 °C. All values are rounded to a tenth or
a hundredth, as read from an instrument, so that a program can carry them in full.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

COOLING = -6.5
"""Planted: °C per kilometre of height."""

THERMOMETERS = 24
DAYS = 100


@dataclass(frozen=True, eq=False)
class Sample:
    """Points with a truth each.

    Parameters
    ----------
    x : numpy.ndarray, shape (points,)
        Height in km, or temperature in °C.
    y : numpy.ndarray, shape (points,)
        Temperature in °C; or 1 for snow, 0 for rain.
    wrong : numpy.ndarray of bool, shape (points,)
        Which are outliers: a thermometer in the sun, or snow noted on a warm day.
    """

    x: np.ndarray
    y: np.ndarray
    wrong: np.ndarray


@lru_cache(maxsize=256)
def thermometers(outliers, distance, seed):
    """Return 24 thermometers between 0 and 3 km, the highest ones in the sun.

    Parameters
    ----------
    outliers : int
        How many of the highest read too warm.
    distance : float
        By how much, in °C.
    seed : int
        Of the measuring errors, which have a standard deviation of 1 °C.

    Returns
    -------
    Sample
    """
    generator = np.random.default_rng(seed)
    x = np.linspace(0.05, 2.95, THERMOMETERS).round(2)
    y = 10 + COOLING * x + generator.normal(0, 1, THERMOMETERS)
    wrong = np.arange(THERMOMETERS) >= THERMOMETERS - outliers
    return Sample(x, (y + distance * wrong).round(1), wrong)


@lru_cache(maxsize=256)
def snow_or_rain(outliers, distance, snow, seed):
    """Return 100 days with snow (1) or rain (0), and further days on which rain was noted as snow.

    Parameters
    ----------
    outliers : int
        How many wrong notes: "snow" on a warm day.
    distance : float
        How much warmer than 1 °C those days were, in °C.
    snow : int
        Snowy days among the 100.
    seed : int
        Of the temperatures.

    Returns
    -------
    Sample
    """
    generator = np.random.default_rng(seed)
    # Each kind is drawn whole and then cut, so that the slider of `snow` moves no other point.
    cold = generator.normal(-2, 2.5, DAYS)[:snow]
    warm = generator.normal(5, 3, DAYS)[: DAYS - snow]
    noted = 1 + distance + generator.normal(0, 0.3, DAYS)[:outliers]
    x = np.concatenate([cold, warm, noted]).round(1)
    y = np.repeat([1.0, 0.0, 1.0], [len(cold), len(warm), len(noted)])
    return Sample(x, y, np.arange(len(x)) >= DAYS)
