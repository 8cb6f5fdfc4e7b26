"""Stored notebooks: what the normaliser keeps and drops, and how they are run and written."""

import json
import os
import sys

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from dlkit import notebooks

VIEW = "application/vnd.jupyter.widget-view+json"
PNG = "iVBORw0KGgo="


def full_notebook():
    """Return a notebook as a browser leaves it, with everything that must not be stored."""
    shown = v4.new_output(
        "display_data",
        {VIEW: {"model_id": "0" * 32}, "image/png": PNG, "text/plain": ["a sentence"]},
        metadata={"image/png": {"width": 300}, "needs_background": "light"},
    )
    only_a_view = v4.new_output("display_data", {VIEW: {"model_id": "1" * 32}})
    result = v4.new_output("execute_result", {"text/plain": "2"}, execution_count=17)
    pieces = [v4.new_output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    cells = [
        v4.new_markdown_cell("# Title", metadata={"jp-MarkdownHeadingCollapsed": True}),
        v4.new_code_cell(
            "show()",
            outputs=[shown, only_a_view],
            execution_count=12,
            metadata={
                "execution": {"iopub.execute_input": "2024-01-01T00:00:00Z"},
                "tags": ["lab"],
            },
        ),
        v4.new_code_cell("1 + 1", outputs=[*pieces, result], execution_count=17),
        v4.new_code_cell("later()", metadata={"scrolled": True, "collapsed": False}),
    ]
    metadata = {
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x" * 32: {}}}},
        "kernelspec": {"name": "mine", "display_name": "My own", "language": "python"},
        "language_info": {"name": "python", "version": "3.12.1"},
        "toc": {"base_numbering": 1},
    }
    return v4.new_notebook(cells=cells, metadata=metadata)


def test_what_is_dropped():
    text = nbformat.writes(notebooks.normalize(full_notebook()))
    dropped = "widget model_id iopub 3.12.1 needs_background scrolled toc mine Collapsed"
    assert [word for word in dropped.split() if word in text] == []
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_what_is_kept():
    title, show, total, later = notebooks.normalize(full_notebook()).cells
    assert title.source == "# Title"
    assert show.metadata == {"tags": ["lab"]}
    assert [set(output["data"]) for output in show.outputs] == [{"image/png", "text/plain"}]
    assert show.outputs[0]["metadata"] == {"image/png": {"width": 300}}
    assert [show.execution_count, total.execution_count] == [1, 2]
    assert later.execution_count is None, "what did not run must not look as if it had"
    assert total.outputs[0]["text"] == "a\nb\n", "one stream, however it was cut"
    assert total.outputs[1]["execution_count"] == 2


def test_the_given_notebook_stays_as_it_is():
    notebook = full_notebook()
    before = nbformat.writes(notebook)
    notebooks.normalize(notebook)
    assert nbformat.writes(notebook) == before


texts = st.text(alphabet="ab\n \"'#é", max_size=12)
outputs = st.lists(
    st.one_of(
        st.builds(
            lambda name, text: v4.new_output("stream", name=name, text=text),
            st.sampled_from(["stdout", "stderr"]),
            texts,
        ),
        st.builds(
            lambda data: v4.new_output("display_data", data),
            st.dictionaries(st.sampled_from([VIEW, "text/plain", "image/png"]), texts),
        ),
    ),
    max_size=4,
)
code_cells = st.builds(
    lambda source, found, count: v4.new_code_cell(source, outputs=found, execution_count=count),
    texts,
    outputs,
    st.none() | st.integers(1, 99),
)
all_notebooks = st.builds(
    lambda cells: v4.new_notebook(cells=cells),
    st.lists(st.one_of(code_cells, st.builds(v4.new_markdown_cell, texts)), max_size=5),
)


@given(all_notebooks)
def test_twice_is_once(notebook):
    once = notebooks.normalize(notebook)
    assert nbformat.writes(notebooks.normalize(once)) == nbformat.writes(once)
    again = nbformat.reads(nbformat.writes(once), as_version=4)
    assert nbformat.writes(notebooks.normalize(again)) == nbformat.writes(once)


def test_cells_without_a_name_get_the_same_one_every_time():
    def old():
        cells = [{"cell_type": "markdown", "metadata": {}, "source": "same"} for _ in range(3)]
        return nbformat.from_dict(
            {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
        )

    first, second = notebooks.normalize(old()), notebooks.normalize(old())
    names = [cell.id for cell in first.cells]
    assert names == [cell.id for cell in second.cells] and len(set(names)) == 3


# -- running ---------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / ".hidden above" / "with a space"
    folder.mkdir(parents=True)

    def write(*sources, name="lesson.ipynb"):
        path = folder / name
        cells = [v4.new_code_cell(source) for source in sources]
        nbformat.write(v4.new_notebook(cells=cells), path)
        return path

    return write


def stored_texts(path):
    notebook = nbformat.read(path, as_version=4)
    return ["".join(o.get("text", "") for o in cell.outputs) for cell in notebook.cells]


def test_update_runs_in_its_folder_with_this_python_and_settles(store, monkeypatch, tmp_path):
    # A user's own kernel called python3, which does not even start.
    kernel = tmp_path / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    kernel.joinpath("kernel.json").write_text(
        json.dumps({"argv": ["no-such-program"], "display_name": "Foreign", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    path = store("import os, sys\nprint(os.path.basename(os.getcwd()))", "print(sys.executable)")
    assert notebooks.update(path) is True
    assert stored_texts(path) == ["with a space\n", sys.executable + "\n"]
    before = path.read_bytes()
    assert notebooks.update(path) is False
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["lesson.ipynb"], "nothing temporary is left"


def test_a_cell_that_raises_leaves_the_file_alone(store):
    path = store("x = 1", "1 / 0")
    before = path.read_bytes()
    with pytest.raises(notebooks.FAILURES, match="ZeroDivisionError"):
        notebooks.update(path)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["lesson.ipynb"]


def test_a_cell_that_takes_too_long_leaves_the_file_alone(store):
    path = store("import time; time.sleep(60)")
    before = path.read_bytes()
    with pytest.raises(notebooks.FAILURES):
        notebooks.update(path, timeout=1)
    assert path.read_bytes() == before


def test_a_failed_write_leaves_the_file_alone(store, monkeypatch):
    path = store("x = 1")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(notebooks.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        notebooks.update(path)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["lesson.ipynb"]


def test_finding_notebooks(store, tmp_path):
    second, first = store("x", name="b.ipynb"), store("x", name="a.ipynb")
    hidden = first.parent / ".ipynb_checkpoints" / "a-checkpoint.ipynb"
    hidden.parent.mkdir()
    hidden.write_text("{}")
    assert notebooks.find_notebooks([first.parent, first]) == [first, second]
    with pytest.raises(FileNotFoundError, match="no notebook"):
        notebooks.find_notebooks([tmp_path / "none.ipynb"])
    (tmp_path / "x.py").write_text("")
    with pytest.raises(ValueError, match="must end in .ipynb"):
        notebooks.find_notebooks([tmp_path / "x.py"])


def test_the_environment_of_a_kernel():
    found = notebooks.kernel_environment({"KERAS_BACKEND": "jax", "PATH": "/bin"})
    assert found["KERAS_BACKEND"] == "jax" and found["PATH"] == "/bin"
    assert found["TF_CPP_MIN_LOG_LEVEL"] == "3" and found["JUPYTER_PREFER_ENV_PATH"] == "1"
    assert found["OMP_WAIT_POLICY"] == "PASSIVE"
    assert (
        notebooks.kernel_environment({"OMP_WAIT_POLICY": "ACTIVE"})["OMP_WAIT_POLICY"] == "ACTIVE"
    )
