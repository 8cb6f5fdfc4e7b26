"""How often the diagnosis is right: python tests/gallery/measure_diagnosis.py [--write].

Asks `diagnose` about every stored run of the gallery, prints the figures of both parts and, with
``--write``, puts those of the held-out part into docs/diagnosis.md.
"""

import functools
import sys
from collections import Counter
from pathlib import Path

from gallery_plants import PLANTS
from gallery_runs import data_of
from gallery_store import load

from dlkit.training.diagnosis import diagnose

PAGE = Path(__file__).parents[2] / "docs" / "diagnosis.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
GOOD = ("healthy", "good_fit_reached_early")


@functools.cache  # hundreds of diagnoses, which several tests look at
def ask(part, curves_only=False):
    """Return a tuple of (description, Diagnosis) of one part.

    With ``curves_only`` the diagnosis sees what a plain dictionary of lists holds: losses and
    metrics, no layers, no data, no batches, no configuration.
    """
    return tuple(
        (about, diagnose(history.history) if curves_only else diagnose(history, data_of(about)))
        for about, history in load(part)
        if len(history) or not curves_only
    )


def figures(asked):
    """Return shares of right answers and of healthy runs called sick, and the confusion matrix."""
    table = Counter((about["label"], found.label) for about, found in asked)
    right = sum(count for (label, answer), count in table.items() if label == answer)
    healthy = sum(count for (label, _), count in table.items() if label == "healthy")
    kept = sum(n for (label, answer), n in table.items() if label == "healthy" and answer in GOOD)
    return {
        "runs": len(asked),
        "right": right / len(asked),
        "healthy": healthy,
        "healthy_called_sick": 1 - kept / healthy,
        "table": table,
    }


def as_markdown(found):
    """Return figures as the part of the page that is measured."""
    answers = [*PLANTS, "not_enough_evidence"]
    lines = [
        f"Held-out part: {found['runs']} runs, {100 * found['right']:.1f} % right; of "
        f"{found['healthy']} healthy runs {100 * found['healthy_called_sick']:.1f} % are called "
        "sick.",
        "",
        "Rows: what was planted. Columns: what the diagnosis says, in the same order.",
        "",
        "| | " + " | ".join(str(number + 1) for number in range(len(answers))) + " |",
        "|---" * (len(answers) + 1) + "|",
    ]
    for number, label in enumerate(answers[:-1]):
        counts = [found["table"][label, answer] or "" for answer in answers]
        name = f"{number + 1} {label.replace('_', ' ')}"
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join([*lines, "", f"Column {len(answers)}: not enough evidence.", ""])


def measured_text():
    """Return the measured part of the page: the table, and what curves alone tell."""
    alone = figures(ask("held_out", curves_only=True))
    return as_markdown(figures(ask("held_out"))) + (
        "\nFrom losses and metrics alone (a plain dictionary of lists; nothing about layers, data or "
        f"configuration) {100 * alone['right']:.1f} % are right, and "
        f"{100 * alone['healthy_called_sick']:.1f} % of the healthy runs are called sick: three of "
        "the labels cannot be told from curves.\n"
    )


def page_with(text, measured):
    """Return the page with its measured part replaced."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + measured + END + rest.split(END)[1]


if __name__ == "__main__":
    for part in ("development", "held_out"):
        for curves_only in (False, True):
            found = figures(ask(part, curves_only))
            print(part, "curves only" if curves_only else "all that was recorded")
            print(as_markdown(found).replace("Held-out part: ", ""))
    if "--write" in sys.argv:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(page_with(page, measured_text()), encoding="utf-8")
