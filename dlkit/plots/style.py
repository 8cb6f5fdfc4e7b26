"""One palette and one set of line styles for every picture, live or stored.

The colours are those of Okabe and Ito (2008, "Color Universal Design"), which people with any of
the common forms of colour blindness can tell apart. Colour is never the only signal: training is
always a solid line, validation always a dashed one, and classes differ in their marker too.
"""

PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
    "grey": "#808080",
}
"""Colour names of the kit and their hexadecimal values."""

SEQUENCE = ("blue", "orange", "green", "vermillion", "purple", "sky")
"""The order in which runs, curves and classes take their colours."""

FOREGROUND = "text"
"""Stands for the colour of text on the surface at hand: dark on light, light on dark."""

DASHES = {"solid": (), "dashed": (6, 4), "dotted": (2, 3), "dashdot": (7, 3, 2, 3)}
"""Names of line styles and their on-off lengths in pixels."""

TRAINING_DASH = "solid"
VALIDATION_DASH = "dashed"

MARKERS = ("circle", "triangle", "square", "cross", "diamond", "plus")
"""The order in which classes take their markers."""

DIVERGING = ("#0072B2", "#f7f7f7", "#D55E00")
"""Negative, zero, positive: for weights, decision surfaces and gradients."""

SEQUENTIAL = ("#ffffff", "#56B4E9", "#00324f")
"""Small to large: for counts and intensities."""

INK = ("#ffffff", "#000000")
"""For images such as handwritten digits."""

COLOR_MAPS = {"diverging": DIVERGING, "sequential": SEQUENTIAL, "ink": INK}


def color_of(name):
    """Return the hexadecimal colour of a palette name; a hexadecimal colour returns itself."""
    return name if name.startswith("#") else PALETTE[name]


def series_color(index):
    """Return the palette name for the run, curve or class number ``index`` (from 0)."""
    return SEQUENCE[index % len(SEQUENCE)]


def series_marker(index):
    """Return the marker name for the class number ``index`` (from 0)."""
    return MARKERS[index % len(MARKERS)]
