"""Numbers as a reader wants them: a real minus sign, never "-0.00"."""


def fixed(value, digits=2):
    """Return ``value`` with that many digits after the point: ``fixed(-0.001)`` is ``"0.00"``.

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    str
    """
    text = f"{value:.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if float(text) == 0 else "−" + text[1:]
    return text


def signed(value, digits=2):
    """Return ``value`` as `fixed` does, with its sign in front also where it is positive."""
    text = fixed(value, digits)
    return text if text.startswith("−") else "+" + text


def short(value, digits=3):
    """Return ``value`` with that many significant digits: ``short(-1.5e-7)`` is ``"−1.5e-7"``.

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    str
    """
    text = f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e+").replace("e+", "e")
    text = "0" if text == "-0" else text
    return "−" + text[1:] if text.startswith("-") else text
