"""The code cells of a lesson, run one at a time, so that a test cannot drift away from its lesson."""

import functools

import nbformat


@functools.cache
def sources(lesson):
    """Return the sources of a notebook's code cells."""
    return [cell.source for cell in nbformat.read(lesson, 4).cells if cell.cell_type == "code"]


def run_cell(lesson, words, until, names):
    """Run the one cell that holds these words, up to a line, and return the names that it leaves."""
    (source,) = [source for source in sources(lesson) if words in source]
    source, found, _ = source.partition(f"\n{until}") if until else (source, True, "")
    assert found, f"the cell with {words!r} has no line {until!r} any more"
    exec(source, names)
    return names
