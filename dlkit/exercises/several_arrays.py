"""An answer that is several arrays, chosen by hand: read, or refused by the name of the part."""

import numpy as np

from dlkit.exercises.running import Mistaken, NotAttempted, untouched

_COUNTS = {2: "two", 3: "three", 4: "four"}


def several_arrays(answer, shapes):
    """Return the parts of an answer as arrays of float64.

    Parameters
    ----------
    answer : object
        What the learner handed in.
    shapes : dict of str to tuple
        Name -> shape of each part, in the order in which they are asked; ``()`` for a number. Axes
        of length 1 that a part has too many are dropped.

    Returns
    -------
    list of numpy.ndarray

    Raises
    ------
    NotAttempted
        If a part is still the ``...`` of the starter.
    Mistaken
        If a part is missing, of another shape, not numeric or not finite.
    """
    if not isinstance(answer, tuple | list) or len(answer) != len(shapes):
        count = _COUNTS.get(len(shapes), len(shapes))
        raise Mistaken(f"Give {count} things in this order: ({', '.join(shapes)}).")
    arrays = []
    for (name, shape), part in zip(shapes.items(), answer, strict=True):
        if untouched(part):
            raise NotAttempted
        try:
            values = np.array(part, dtype=float)
        except (TypeError, ValueError):
            raise Mistaken(f"`{name}` must hold numbers only, in equally long rows.") from None
        if values.squeeze().shape == shape:  # [[1, 2]] is as good as [1, 2], and [3] as 3
            values = values.reshape(shape)
        if values.shape != shape:
            wanted = f"shape {shape}" if shape else "a single number"
            raise Mistaken(f"`{name}` must be {wanted}, but its shape is {values.shape}.")
        if not np.isfinite(values).all():
            raise Mistaken(f"`{name}` holds NaN or infinity.")
        arrays.append(values)
    return arrays
