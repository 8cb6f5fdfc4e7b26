"""All mutants, family by family, and the tests that have to notice them.

Most are faults that were found in the world. A name with a number, such as keras#17391, is the thread
at GitHub where one was reported or mended ("asks": where somebody took the right thing for a fault,
or did not know).
"""

from collections.abc import Callable
from typing import NamedTuple

import mutants_activations
import mutants_initializers
import mutants_layers
import mutants_losses
import mutants_optimizers
import mutants_schedules


class Family(NamedTuple):
    """One registry: where it is, its mutants, and the tests of each entry.

    Attributes
    ----------
    registry : str
        ``"dlkit.activations:ACTIVATIONS"``. Named and not imported, because the process that forks
        for the mutants must not import dlkit.
    mutants : list of Mutant
    tests : callable
        Takes the entry; returns tests as ``"file::name"``.
    """

    registry: str
    mutants: list
    tests: Callable


FAMILIES = [
    Family("dlkit.activations:ACTIVATIONS", mutants_activations.MUTANTS, mutants_activations.tests),
    Family("dlkit.losses:LOSSES", mutants_losses.MUTANTS, mutants_losses.tests),
    Family("dlkit.optimizers:OPTIMIZERS", mutants_optimizers.MUTANTS, mutants_optimizers.tests),
    Family("dlkit.schedules:SCHEDULES", mutants_schedules.MUTANTS, mutants_schedules.tests),
    Family(
        "dlkit.initializers:INITIALIZERS",
        mutants_initializers.MUTANTS,
        mutants_initializers.tests,
    ),
    Family(
        "dlkit.regularizers:REGULARIZERS",
        mutants_initializers.REGULARIZERS,
        mutants_initializers.regularizer_tests,
    ),
    Family("dlkit.layers:LAYERS", mutants_layers.MUTANTS, mutants_layers.tests),
]
MUTANTS = [mutant for family in FAMILIES for mutant in family.mutants]


def tests_of(mutant):
    """Return the tests that have to notice a mutant, without repetition."""
    family = next(each for each in FAMILIES if mutant in each.mutants)
    return list(dict.fromkeys((*family.tests(mutant.entry), *mutant.tests)))
