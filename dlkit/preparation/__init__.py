"""Your own data, made ready: read, cleaned, encoded, scaled and split, with a report in words.

A thin hand on pandas and scikit-learn: `prepare` does all of it, `read_csv` and `find_leaks` can be
used alone.
"""

from dlkit.preparation.leaks import Leak, find_leaks
from dlkit.preparation.prepare import prepare
from dlkit.preparation.prepared import Prepared
from dlkit.preparation.reading import read_csv

__all__ = ["Leak", "Prepared", "find_leaks", "prepare", "read_csv"]
