"""Words for numbers that every part of the package may use."""


def counted(number, noun):
    """Return how many there are of something: ``counted(1, "epoch")`` is ``"1 epoch"``.

    Parameters
    ----------
    number : int
    noun : str
        In the singular; one whose plural ends in s, or in es after tch.

    Returns
    -------
    str
    """
    ending = "es" if noun.endswith("tch") else "s"
    return f"{number} {noun}{'' if number == 1 else ending}"
