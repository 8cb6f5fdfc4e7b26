"""Advice for people who type commands: the options of ``dlkit train`` for arguments of Python."""

import ast
import re
from dataclasses import replace

OPTIONS = (
    "target task_type drop group time epochs batch_size learning_rate optimizer early_stopping dropout_rate "
    "weight_decay clipnorm seed"
).split()
"""Arguments that are options of the command too, with hyphens for underscores."""

_PHRASES = (
    (" (duplicates='drop')", ""),
    ("with group=.", "with --group COLUMN."),
    (" Make validation_fraction and test_fraction smaller.", ""),
    ("(drop=), take categories='ordinal',", "(--drop COLUMN)"),
    ("(drop=)", "(--drop COLUMN)"),
    ("more `units` per layer or one more hidden layer", "larger or more `--hidden-layers`"),
    ("a shorter list of `units`", "a shorter list of `--hidden-layers`"),
    ('Add a hidden layer with `activation="relu"`', "Add a hidden layer (`--hidden-layers`)"),
    ("`early_stopping=True`", "`--early-stopping`"),
)
_SENTENCES = (
    ("give the rare classes more `class_weight`, and look at the recall of each.",
     "look at the recall of each, and add rows of the rare classes."),
    ("Scale the inputs",
     "Look for numbers in the data that are far too large or typed wrong; `--drop COLUMN` leaves a "
     "column out."),
    ("Check that `y` belongs to `x`",
     "Check that each value of the target belongs to its row, and that the other columns tell "
     "something about it."),
    ("Use more training data, or augmented data;",
     "Train on more rows, or with smaller `--hidden-layers`."),
    ("Lower `dropout_rate` and `weight_decay`,",
     "Lower `--dropout-rate` and `--weight-decay`, where they are set."),
    ("Validate on more samples:", "Bring more rows: a fifth of them validates."),
    ("Record a metric with a known scale",
     "Look at the target: a loss of 0 all along means that there is nothing left to learn."),
)  # fmt: skip
"""How advice begins or ends -> what a user of the command can do in its place."""

_TEXT = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_COLUMN = re.compile(rf"\b(drop|group|time|task_type)=\[?({_TEXT})\]?")
_ARGUMENT = re.compile(rf"`({'|'.join(OPTIONS)})(?:=\"?([^\"`]*)\"?)?`")
_QUOTED = re.compile(r"`([^`]*)`")


def in_options(text):
    """Return a sentence with the options of the command where it names arguments of Python."""
    for python, option in _PHRASES:
        text = text.replace(python, option)
    text = _COLUMN.sub(lambda found: _option(found[1], ast.literal_eval(found[2])), text)
    return _ARGUMENT.sub(lambda found: f"`{_option(found[1], found[2])}`", text)


def _option(name, value):
    value = f'"{value}"' if value and " " in value else value
    return " ".join(filter(None, (f"--{name.replace('_', '-')}", value)))


def advice_in_options(advice):
    """Return a piece of advice as what a user of the command can do, be it something else."""
    for phrase, instead in _SENTENCES:
        start = advice.find(phrase)
        if start >= 0:
            return advice[:start] + instead
    text = in_options(advice)
    if all(name.startswith("--") for name in _QUOTED.findall(text)):
        return text
    return f"In Python (the command has no option for it): {text}"


def prepared_in_options(prepared):
    """Return a `Prepared` whose notes and leaks speak of options."""
    leaks = tuple(
        replace(leak, evidence=in_options(leak.evidence), advice=in_options(leak.advice))
        for leak in prepared.leaks
    )
    return replace(prepared, notes=tuple(map(in_options, prepared.notes)), leaks=leaks)


def diagnosis_in_options(diagnosis):
    """Return a `Diagnosis` whose advice speaks of options, each piece once."""
    said = {}
    for each in diagnosis.advice:
        text = advice_in_options(each)
        said.setdefault(text, type(each)(text, each.change))
    return replace(diagnosis, advice=tuple(said.values()))
