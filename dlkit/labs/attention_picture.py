"""The pictures of AttentionLab: weights as a heat map, one row of it, and what may come next."""

import numpy as np

from dlkit.display.numbers import fixed
from dlkit.plots.chart import Area, Bars, Chart, Heat, Line, Panel, Points, Text

_DARK, _LIGHT = "#111111", "#ffffff"  # on the heat map, whose colours no theme changes
_SHOWN = {"\n": "⏎", " ": "␣"}
_CANDIDATES = 10


def sentence_chart(seen, head, row, summary):
    """Return the picture of the first view: all weights of one head, and one row written out.

    Parameters
    ----------
    seen : dlkit.labs.attention_sentence.Look
        The numbers.
    head, row : int
        Which head, and which query, from 0.
    summary : str
        The sentence of the picture.

    Returns
    -------
    Chart
    """
    panels = (_weights_panel(seen, head, row), _written_out(seen, head, row))
    return Chart(panels, summary, height=400, shares=(0.55, 0.45))


def _weights_panel(seen, head, row):
    n, weights = len(seen.tokens), seen.weights[head]
    marks = [Heat(weights, 0, n, n, 0, low=0, high=1, color_map="sequential")]
    size = 11 if n < 9 else 9
    for i, token in enumerate(seen.tokens):
        y = n - i - 0.5
        marks.append(Text(-0.02 * n, y, cut(token), "end", size=11, bold=i == row))
        # names of keys stand in two rows, so that neighbours have room
        marks.append(Text(i + 0.5, n * (1.035 if i % 2 else 1.085), cut(token), size=10))
        for j in range(n):
            if seen.hidden[i, j]:
                marks.append(Area(j, j + 1, y - 0.5, y + 0.5, color="grey", opacity=0.4))
            text = "–" if seen.hidden[i, j] else fixed(weights[i, j])
            color = _LIGHT if weights[i, j] > 0.55 else _DARK
            marks.append(Text(j + 0.5, y, text, size=size, color=color))
    marks.append(_outline(0, n, n - row - 1, n - row))
    marks.append(Text(-0.02 * n, n * 1.06, "query ↓   key →", "end", size=10))
    best = int(weights[row].argmax())
    title = f"“{cut(seen.tokens[row])}” looks most at “{cut(seen.tokens[best])}”"
    return Panel(
        marks,
        title=f"{title}: weight {fixed(weights[row, best])}",
        x_range=(-0.3 * n, 1.01 * n),
        y_range=(-0.02 * n, 1.12 * n),
        axes=False,
    )


def _written_out(seen, head, row):
    n = len(seen.tokens)
    raw, scores = seen.raw[head, row], seen.scores[head, row]
    weights, hidden = seen.weights[head, row], seen.hidden[row]
    marks = [
        Text(x, n + 0.5, words, "end", size=11, bold=True)
        for x, words in ((0.24, "key"), (0.40, "q·k"), (0.57, "score"), (1.0, "weight"))
    ]
    for j, token in enumerate(seen.tokens):
        y = n - j - 0.5
        marks.append(Text(0.24, y, cut(token), "end", size=11))
        marks.append(Text(0.40, y, fixed(raw[j], 1), "end", size=11))
        score = "hidden" if hidden[j] else fixed(scores[j])
        marks.append(Text(0.57, y, score, "end", size=11))
        marks.append(Area(0.60, 0.88, y - 0.3, y + 0.3, color="grey", opacity=0.12))
        marks.append(
            Area(0.60, 0.60 + 0.28 * weights[j], y - 0.3, y + 0.3, color="blue", opacity=1.0)
        )
        marks.append(Text(1.0, y, fixed(weights[j], 3), "end", size=11))
    keys = int((~hidden).sum())
    most = f" of at most {fixed(np.log(keys))}" if keys > 1 else ""
    return Panel(
        marks,
        title=f"Its row: entropy {fixed(seen.entropy(head, row))}{most} nats",
        x_range=(-0.02, 1.02),
        y_range=(-0.12 * n, n + 1.0),
        axes=False,
    )


def maps_chart(maps, tokens, row, title, row_title, summary):
    """Return the picture of the second view: what one head of a trained model looks at.

    Parameters
    ----------
    maps : numpy.ndarray
        Weights of one head, (tokens, tokens).
    tokens : str
        A character for each time step.
    row : int
        The query, from 0.
    title, row_title : str
        Of the two panels.
    summary : str
        The sentence of the picture.

    Returns
    -------
    Chart
    """
    n = len(tokens)
    size = 12 if n <= 16 else 10 if n <= 30 else 8
    marks = [Heat(maps, 0, n, n, 0, low=0, high=1, color_map="sequential")]
    for i, token in enumerate(tokens):
        bold = i == row
        marks.append(Text(-0.025 * n, n - i - 0.5, visible(token), size=size, bold=bold))
        marks.append(Text(i + 0.5, 1.03 * n, visible(token), size=size))
    marks.append(_outline(0, n, n - row - 1, n - row))
    left = Panel(
        marks,
        title=title,
        x_range=(-0.06 * n, 1.01 * n),
        y_range=(-0.02 * n, 1.07 * n),
        axes=False,
        equal=True,
    )
    return Chart(
        (left, attention_panel(maps[row], tokens, row, row_title)),
        summary,
        height=400,
        shares=(0.52, 0.48),
    )


def attention_panel(weights, tokens, row, title):
    """Return bars of one row of weights, with the characters beneath them.

    Parameters
    ----------
    weights : numpy.ndarray
        (tokens,).
    tokens : str
        A character for each key.
    row : int
        The place of the query, which is marked.
    title : str

    Returns
    -------
    Panel
    """
    n = len(tokens)
    size = 12 if n <= 12 else 10 if n <= 24 else 8
    places = np.arange(n)
    marks = [Bars(places, weights, color="blue", width=0.8)]
    for place, token in enumerate(tokens):
        color = "vermillion" if place == row else "text"
        marks.append(Text(place, -0.04, visible(token), size=size, color=color, bold=place == row))
    marks.append(Points([row], [-0.085], color="vermillion", marker="triangle", size=7))
    return Panel(
        marks,
        title=title,
        x_label="key (▲: where the query stands)",
        y_label="weight",
        x_range=(-0.7, n - 0.3),
        y_range=(-0.12, 1.02),
        x_ticks=(),
        legend=False,
    )


def writing_chart(text, before, after, alphabet, weights, asked, row_title, summary):
    """Return the picture of the third view: what may come next, and where the model looks.

    Parameters
    ----------
    text : str
        What stands there, from the beginning of the line.
    before, after : numpy.ndarray
        Probabilities of the next character as the model gives them, and after temperature and
        top-k, (characters of the alphabet,).
    alphabet : str
        A character for each of them.
    weights : numpy.ndarray
        Weights of the last time step, (time steps,).
    asked : str
        What the bars answer: ``"Next"``, ``"The end"`` or ``"No room left for"``.
    row_title : str
        Of the panel for them.
    summary : str
        The sentence of the picture.

    Returns
    -------
    Chart
    """
    shown = np.argsort(-before, kind="stable")[:_CANDIDATES]
    places = np.arange(len(shown))
    best = int(after.argmax())
    panel = Panel(
        [
            Bars(places - 0.2, before[shown], "as the model says", "grey", width=0.4),
            Bars(places + 0.2, after[shown], "after temperature and top-k", "blue", width=0.4),
        ],
        title=f"{asked}: “{visible(alphabet[best])}” with {fixed(after[best])}",
        x_label=f"the {len(shown)} most probable characters",
        y_label="probability",
        x_range=(-0.7, len(shown) - 0.3),
        y_range=(0, 1.02),
        x_ticks=tuple(
            (place, visible(alphabet[i])) for place, i in zip(places, shown, strict=True)
        ),
    )
    # an end of a line stands before the first character: the model starts from it
    row = attention_panel(weights, "\n" + text, len(text), row_title)
    return Chart((panel, row), summary, height=360, shares=(0.48, 0.52), title=f"{text or ' '}▏")


def _outline(x0, x1, y0, y1):
    return Line([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="orange", width=3)


def visible(character):
    """Return a sign for a space and for the end of a line, and any other character as it is."""
    return _SHOWN.get(character, character)


def cut(word, longest=9):
    """Return a word, cut with "…" where it is longer than there is room for."""
    return word if len(word) <= longest else word[: longest - 1] + "…"
