"""Attention as a picture: a heat map for each head, queries downwards, keys across."""

from dlkit import checks
from dlkit.plots.chart import Chart, Heat, Panel

_SHOWN = {"\n": "⏎", " ": "␣"}


def attention_maps(maps, queries, keys=None, summary="", width=760, height=300):
    """Return heat maps of attention weights, side by side.

    Parameters
    ----------
    maps : dict of str to array_like
        Title -> weights, (queries, keys), from 0 to 1.
    queries : sequence of str
        A name for each row; of a text, its characters.
    keys : sequence of str, optional
        A name for each column; by default the queries.
    summary : str
        What the picture shows, in a sentence.
    width, height : int
        In pixels.

    Returns
    -------
    Chart

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or weights and names do not fit.
    """
    if not isinstance(maps, dict) or not maps:
        raise TypeError(
            "maps must be a dictionary of titles and weights, one or more, but got "
            f"{checks.describe(maps)}."
        )
    queries = checks.texts("queries", list(queries) if isinstance(queries, str) else queries)
    if keys is not None:
        keys = checks.texts("keys", list(keys) if isinstance(keys, str) else keys)
    checks.text("summary", summary, allow_empty=False)
    keys = queries if keys is None else keys
    rows, columns = len(queries), len(keys)
    panels = []
    for title, weights in maps.items():
        weights = checks.array(f"maps[{title!r}]", weights, shape=(rows, columns), dtype="float64")
        heat = Heat(weights, 0, columns, rows, 0, low=0, high=1, color_map="sequential")
        panels.append(
            Panel(
                [heat],
                title=title,
                x_label="key: what is looked at",
                y_label="query: who looks",
                x_range=(0, columns),
                y_range=(0, rows),
                x_ticks=tuple((i + 0.5, _SHOWN.get(key, key)) for i, key in enumerate(keys)),
                y_ticks=tuple(
                    (rows - i - 0.5, _SHOWN.get(query, query)) for i, query in enumerate(queries)
                ),
            )
        )
    return Chart(panels, summary, width=width, height=height)
