"""A report as HTML: a fragment for notebooks, and a page of its own with the picture in it."""

import base64
import io
import warnings
from html import escape

from dlkit.report.metrics import in_figures
from dlkit.report.mistakes import features_of

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  background: Canvas; color: CanvasText; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding: .2rem 0; }
th, td { border: 1px solid GrayText; padding: .2rem .6rem; text-align: right; }
th[scope=row] { text-align: left; }
.right { font-weight: bold; text-decoration: underline; }
.wide { overflow-x: auto; }
figure { margin: 1rem 0; }
img { box-sizing: border-box; max-width: 100%; height: auto; background: white; padding: .5rem; }
"""


def report_fragment(report):
    """Return words and tables without a picture, for the output of a notebook's cell.

    There is no picture in it because nothing in a stored output should depend on how a machine
    draws letters; ``report.figure()`` gives it.
    """
    parts = [f"<p><strong>{escape(report.finding)}.</strong></p>"]
    hints = [leak for leak in report.leaks if leak.is_hint]
    first = [leak for leak in report.leaks if not leak.is_hint]
    if first:
        parts.append(_section("Look at this first", first))
    parts.append(_pairs(f"Measured on the {report.part} part", report.measures()))
    if "per_class" in report.metrics:
        parts.append(_per_class(report))
        parts.append(_matrix(report))
    if report.mistakes:
        parts.append(_mistakes(report))
    parts.append(_pairs("The run", report.run_facts()))
    parts.append(_diagnosis(report.diagnosis))
    if report.prepared is not None:
        parts.append(_section("What was done to the table", [*hints, *report.prepared.notes]))
    return "\n".join(parts)


def report_picture(report):
    """Return the picture of a report as the bytes of a PNG file."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # a name may hold an emoji, for which a font has a box only
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        report.figure().savefig(buffer, format="png", dpi=150, facecolor="white", metadata={})
    return buffer.getvalue()


def report_page(report, picture=None):
    """Return a whole HTML page with the picture as a PNG inside; it loads nothing from elsewhere.

    Drawing takes most of the time: who has ``report_picture(report)`` already hands it over.
    """
    image = base64.b64encode(picture or report_picture(report)).decode("ascii")
    chart = report.chart()
    title = escape(report.finding)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Report</h1>\n{report_fragment(report)}\n{_time(report)}"
        f'<figure><img src="data:image/png;base64,{image}" alt="{escape(chart.summary)}">'
        f"<figcaption>{escape(chart.summary)}</figcaption></figure>\n"
        "</main>\n</body>\n</html>\n"
    )


def _section(title, sentences):
    items = "".join(f"<li>{escape(str(sentence))}</li>" for sentence in sentences)
    return f"<h2>{title}</h2><ul>{items}</ul>"


def _pairs(caption, pairs):
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in pairs
    )
    return f"<table><caption>{escape(caption)}</caption><tbody>{rows}</tbody></table>"


def _per_class(report):
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("class", "precision", "recall", "F1", "samples")
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{row[key]:.3f}</td>" for key in ("precision", "recall", "f1"))
        + f"<td>{row['samples']}</td></tr>"
        for name, row in zip(report.class_names, report.metrics["per_class"], strict=True)
    )
    return (
        f"<table><caption>For each class</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _matrix(report):
    names, counts = report.class_names, report.metrics["confusion_matrix"]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = ""
    for index, (name, row) in enumerate(zip(names, counts, strict=True)):
        cells = "".join(
            f'<td class="right">{count}</td>' if column == index else f"<td>{count}</td>"
            for column, count in enumerate(row)
        )
        rows += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return (
        '<div class="wide"><table><caption>Confusion matrix: rows are true classes, columns '
        f'predicted ones</caption><thead><tr><th scope="col">true</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _mistakes(report):
    names, mistakes = report.class_names, report.mistakes
    x = getattr(report.data, f"x_{report.part}")
    one_each = len(report.truth) == len(x)
    rows = [mistake["row"] for mistake in mistakes]
    features, values = features_of(report.data, x, rows) if one_each else ((), [[]] * len(rows))
    keys = [key for key in mistakes[0] if key not in ("row", "table_row")]
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in ("row", *(key.replace("_", " ") for key in keys), *features)
    )
    body = ""
    for mistake, numbers in zip(mistakes, values, strict=True):
        cells = [
            names[mistake[key]]
            if names and key in ("true", "predicted")
            else in_figures(mistake[key], ".4g")
            for key in keys
        ]
        cells += [f"{number:.4g}" for number in numbers]
        row = mistake.get("table_row", mistake["row"])
        body += f'<tr><th scope="row">{escape(str(row))}</th>'
        body += "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    counted = f"rows of the {report.part} part counted from 0"
    if "table_row" in mistakes[0]:
        counted = "rows as the table numbers them (a CSV file: from 0, its header not counted)"
    unit = f"; true, predicted and error in {report.unit}" if report.unit else ""
    inputs = "; inputs as the network gets them" if features else ""
    return (
        f'<div class="wide"><table><caption>The worst mistakes, {escape(counted + unit + inputs)}'
        f"</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _time(report):
    """Return how long the run took; not part of the fragment, which is stored in notebooks."""
    seconds = report.run["seconds"]
    return "" if seconds is None else f"<p>Training and validation took {seconds:.2f} s.</p>\n"


def _diagnosis(diagnosis):
    parts = [
        f"<p><strong>{escape(diagnosis.title)}.</strong> {escape(' '.join(diagnosis.evidence))}</p>"
    ]
    if diagnosis.advice:
        items = "".join(f"<li>{escape(advice)}</li>" for advice in diagnosis.advice)
        parts.append(f"<p>What to try, the likeliest help first:</p><ol>{items}</ol>")
    return "".join(parts)
