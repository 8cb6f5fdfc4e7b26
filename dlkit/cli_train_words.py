"""Advice for people who type commands: the options of ``dlkit train`` for arguments of Python."""

import ast
import re
from dataclasses import replace

OPTIONS = (
    "target drop group time epochs batch_size learning_rate optimizer early_stopping dropout_rate "
    "weight_decay clipnorm seed"
).split()
"""Arguments that are options of the command too, with hyphens for underscores."""

_PHRASES = (
    (" (duplicates='drop')", ""),
    ("with group=.", "with --group COLUMN."),
    (" For quantities take task_type='regression'.", ""),
    (" Make validation_fraction and test_fraction smaller.", ""),
    ("(drop=), take categories='ordinal',", "(--drop COLUMN)"),
    ("more `units` per layer or one more hidden layer", "larger or more `--hidden-layers`"),
    ("fewer `units` per layer", "smaller `--hidden-layers`"),
    ("a shorter list of `units`", "a shorter list of `--hidden-layers`"),
    ('Add a hidden layer with `activation="relu"`', "Add a hidden layer (`--hidden-layers`)"),
    ("`early_stopping=True`", "`--early-stopping`"),
)
_COLUMN = re.compile(r"\b(drop|group|time)=\[?('[^']*'|\"[^\"]*\")\]?")
_ARGUMENT = re.compile(rf"`({'|'.join(OPTIONS)})(?:=\"?([^\"`]*)\"?)?`")


def in_options(text):
    """Return a sentence with the options of the command where it names arguments of Python."""
    for python, option in _PHRASES:
        text = text.replace(python, option)
    text = _COLUMN.sub(lambda found: _option(found[1], ast.literal_eval(found[2])), text)
    return _ARGUMENT.sub(lambda found: f"`{_option(found[1], found[2])}`", text)


def _option(name, value):
    value = f'"{value}"' if value and " " in value else value
    return " ".join(filter(None, (f"--{name.replace('_', '-')}", value)))


def prepared_in_options(prepared):
    """Return a `Prepared` whose notes and leaks speak of options."""
    leaks = tuple(
        replace(leak, evidence=in_options(leak.evidence), advice=in_options(leak.advice))
        for leak in prepared.leaks
    )
    return replace(prepared, notes=tuple(map(in_options, prepared.notes)), leaks=leaks)


def diagnosis_in_options(diagnosis):
    """Return a `Diagnosis` whose advice speaks of options."""
    return replace(diagnosis, advice=tuple(map(in_options, diagnosis.advice)))
