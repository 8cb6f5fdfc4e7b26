"""Numbers as a reader wants them: a real minus sign, never "-0.00"."""

from dlkit.words import counted as counted


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
    """Return ``value`` with that many significant digits: ``short(1234.5)`` is ``"1230"``.

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    str
    """
    text = (
        f"{float(f'{value:.{digits}g}'):.{max(digits, 6)}g}".replace("e-0", "e-")
        .replace("e+0", "e+")
        .replace("e+", "e")
    )
    text = "0" if text == "-0" else text
    return "−" + text[1:] if text.startswith("-") else text


def percent(share, digits=0):
    """Return a share in per cent: ``percent(0.5)`` is ``"50 %"``.

    Parameters
    ----------
    share : float
    digits : int
        After the point.

    Returns
    -------
    str
    """
    return f"{fixed(100 * share, digits)} %"


def exact(value):
    """Return ``value`` with two digits after the point, or three where the third is not 0.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
    """
    text = fixed(value, 3)
    return fixed(value, 2) if text.endswith("0") else text


def equals(result, shown):
    """Return "=" if what is written on both sides is exactly equal, and "≈" if it was rounded.

    Parameters
    ----------
    result : float
        The result; it is written as `exact` writes it.
    shown : float
        What one gets by hand from the numbers as they are written.

    Returns
    -------
    str
    """
    return "=" if abs(round(result, 3) - shown) < 1e-9 else "≈"
