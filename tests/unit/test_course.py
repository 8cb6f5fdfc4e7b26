"""The heads of the lessons, TEACHING.md, README.md and the course map say the same of each lesson."""

import re
import runpy
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
MINUTES = re.compile(
    r"\*\*Time\*\* about (\d+) minutes: (\d+) to read.*?, (\d+) in the labs?, (\d+) for the"
)
ROW = re.compile(r"^\| \[(\d\d) [^|]*\| (\d+) \| (\d+) \| (\d+) \| ([^|]*) \|$", re.MULTILINE)


def cells(lesson):
    return nbformat.read(NOTEBOOKS[lesson], as_version=4).cells


def head(lesson):
    return cells(lesson)[0].source


def minutes(lesson):
    """Return (all, reading, lab, exercises) as the head says."""
    found = MINUTES.search(head(lesson))
    assert found, "the head says how many minutes to read, in the lab and for the exercises"
    return tuple(map(int, found.groups()))


def prerequisites(lesson):
    """Return the lessons that the head links to under "You need"."""
    (needed,) = re.findall(r"\*\*You need\*\*(.*?)\n\n", head(lesson), re.DOTALL)
    return set(re.findall(r"\]\((\d\d)_\w+\.ipynb\)", needed))


def teaching():
    """Return lesson -> (core, lab, exercises, set of lessons it stands on)."""
    rows = ROW.findall((ROOT / "TEACHING.md").read_text(encoding="utf-8"))
    return {
        lesson: (int(core), int(lab), int(exercises), set(re.findall(r"\d\d", below)))
        for lesson, core, lab, exercises, below in rows
    }


def below(lesson, arrows):
    """Return all lessons from which arrows lead to this one, over others or not."""
    return set(arrows[lesson]).union(*(below(other, arrows) for other in arrows[lesson]))


every_lesson = pytest.mark.parametrize("lesson", NOTEBOOKS)


def test_every_lesson_stands_in_the_plan_for_teachers():
    assert list(teaching()) == list(NOTEBOOKS)


@every_lesson
def test_the_minutes_agree_and_are_at_most_45(lesson):
    whole, *parts = minutes(lesson)
    assert sum(parts) == whole <= 45
    assert teaching()[lesson][:3] == tuple(parts)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (stated,) = re.findall(rf"^\| \[{lesson} [^|]*\| (\d+) \|", readme, re.MULTILINE)
    assert int(stated) == whole


@every_lesson
def test_the_prerequisites_agree(lesson):
    assert teaching()[lesson][3] == prerequisites(lesson)
    arrows = runpy.run_path(str(ROOT / "docs" / "draw_course_map.py"))["STANDS_ON"]
    assert set(arrows) == set(NOTEBOOKS)
    assert set(arrows[lesson]) <= prerequisites(lesson), "an arrow that the head knows nothing of"
    assert prerequisites(lesson) <= below(lesson, arrows), "no arrow leads there"


@every_lesson
def test_the_glossary_is_linked_once(lesson):
    sources = "\n".join(cell.source for cell in cells(lesson) if cell.cell_type == "markdown")
    assert sources.count("(../GLOSSARY.md)") == 1
