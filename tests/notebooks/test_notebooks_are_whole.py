"""What nbval cannot see: unexecuted cells, pictures without words, traces of a machine, missing parts."""

import re
from pathlib import Path

import nbformat
import pytest

from dlkit import notebooks
from dlkit.exercises import registry

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
LESSONS = sorted(FOLDER.glob("*.ipynb"))
# What a lesson must have, by the words of its headings or text; the order is LESSON's order.
PARTS = {
    "head": r"minutes",
    "objectives": r"(?i)you (can|will be able to)|afterwards",
    "question": r"(?im)^#+ .*question",
    "predict": r"(?i)predict",
    "by hand": r"(?im)^#+ .*by hand",
    "from scratch": r"(?im)^#+ .*from scratch",
    "in Keras": r"(?im)^#+ .*keras",
    "lab": r"(?im)^#+ .*\blab\b",
    "broken on purpose": r"(?im)^#+ .*broken on purpose",
    "exercises": r"(?im)^#+ .*exercises?",
    "exit quiz": r"(?im)^#+ .*quiz",
    "summary": r"(?im)^#+ .*(summary|five lines)",
    "reading on": r"(?i)read on|reading",
    "teacher's note": r"(?is)<details>.*teacher.s note.*</details>",
}
SKIPPING = re.compile(r"NBVAL_(SKIP|IGNORE_OUTPUT|RAISES_EXCEPTION)|PYTEST_VALIDATE_IGNORE_OUTPUT")
SKIPPING_TAGS = {"nbval-skip", "nbval-ignore-output", "nbval-raises-exception", "raises-exception"}
MACHINE = re.compile(
    r"/(home|root|Users|tmp|work|private|mnt|opt)/\w|[A-Z]:\\\\?\w|site-packages|/ipykernel_\d"
    r"|0x[0-9a-f]{8,}|https?://(localhost|127\.)"
)

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words_of(cell):
    """Return what a cell printed or displayed as text, without the bare names of objects."""
    texts = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            texts.append(output.text)
        elif "data" in output:
            texts.append("".join(output.data.get("text/plain", "")))
    return "\n".join(text for text in texts if not re.fullmatch(r"<[^<>]*>\s*", text))


def has_picture(cell):
    return any(
        kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})
    )


# -- the whole set ---------------------------------------------------------------------------------


def test_every_lesson_that_is_shipped_is_looked_at(request):
    """Every lesson of the exercises is here, and nbval has collected every notebook."""
    assert [path.name.partition("_")[0] for path in LESSONS] == list(registry.LESSONS)
    asked = request.config.invocation_params.args
    if not any(not argument.startswith("-") for argument in asked):  # the whole run
        collected = {item.path for item in request.session.items if item.path.suffix == ".ipynb"}
        assert collected == set(LESSONS)


def test_all_of_them_lie_in_one_folder():
    tracked = notebooks.find_notebooks([ROOT / "notebooks", ROOT / "tests", ROOT / "dlkit"])
    assert tracked == LESSONS


# -- each lesson -----------------------------------------------------------------------------------


@every_lesson
def test_every_code_cell_was_executed_in_order_and_none_failed(path):
    cells = code_cells(read(path))
    assert cells and [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for number, cell in enumerate(cells, 1):
        assert cell.source.strip(), f"code cell {number} is empty"
        for output in cell.outputs:
            assert output.output_type != "error", f"cell {number} stored an error"
            assert output.get("name") != "stderr", f"cell {number} wrote to stderr: {output.text}"


@every_lesson
def test_the_head_leads_to_the_glossary(path):
    assert "[glossary](../GLOSSARY.md)" in read(path).cells[0].source


@every_lesson
def test_no_cell_is_kept_from_nbval(path):
    for number, cell in enumerate(code_cells(read(path)), 1):
        assert not SKIPPING.search(cell.source), f"cell {number}"
        assert not SKIPPING_TAGS & set(cell.metadata.get("tags", [])), f"cell {number}"


@every_lesson
def test_every_picture_has_its_sentence(path):
    for number, cell in enumerate(code_cells(read(path)), 1):
        if has_picture(cell):
            sentence = words_of(cell)
            assert len(sentence.split()) >= 5, (
                f"the picture of cell {number} says only {sentence!r}"
            )


@every_lesson
def test_it_is_stored_normalised(path):
    text = path.read_text(encoding="utf-8")
    again = nbformat.writes(notebooks.normalize(nbformat.reads(text, as_version=4)))
    assert text == again.rstrip("\n") + "\n", f"run: dlkit check --update notebooks/{path.name}"
    assert len(text.encode()) < 500_000


@every_lesson
def test_outputs_name_no_machine(path):
    for number, cell in enumerate(code_cells(read(path)), 1):
        for output in cell.outputs:
            data = output.get("data", {"text": output.get("text", "")})
            for kind, value in data.items():
                if not kind.startswith("image/"):
                    found = MACHINE.search(str(value))
                    assert not found, f"cell {number} shows {found and found.group()!r}"


@every_lesson
def test_cells_are_short(path):
    for number, cell in enumerate(code_cells(read(path)), 1):
        assert len(cell.source.splitlines()) <= 25, f"code cell {number}"


@every_lesson
def test_lines_fit_a_laptop(path):
    """A notebook breaks longer printed lines inside words, and hides the end of longer source."""
    for number, cell in enumerate(code_cells(read(path)), 1):
        printed = [output.text for output in cell.outputs if output.output_type == "stream"]
        for line in "\n".join([cell.source, *printed]).splitlines():
            assert len(line) <= 130, f"code cell {number}: {line}"


@every_lesson
@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_a_lesson_is_there(path, part):
    prose = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert re.search(PARTS[part], prose), f"{path.name} has no part {part!r}"


@every_lesson
def test_exercises_and_agreement_with_keras_are_run(path):
    code = "\n".join(cell.source for cell in code_cells(read(path)))
    number = path.name.partition("_")[0]
    exercises = set(re.findall(rf'check\(\s*"({number}\.\d+)"', code))
    assert len(exercises) >= 3, f"checks of {sorted(exercises)} only"
    words = "\n".join(cell.source for cell in read(path).cells)
    assert "hint(" in words and "solution(" in words, "nobody tells how to get help"
    assert re.search(r"\bassert\b|assert_allclose", code), "nothing asserts that both agree"
    assert "keras" in code


@every_lesson
def test_two_exit_quizzes_or_more_are_asked_by_id(path):
    code = "\n".join(cell.source for cell in code_cells(read(path)))
    number = path.name.partition("_")[0]
    asked = set(re.findall(rf'quiz\(\s*"({number}\.[a-z])"', code))
    assert len(asked) >= 2, f"exit quizzes: {sorted(asked)}"


@every_lesson
@pytest.mark.parametrize("page", ["README.md", "TEACHING.md"])
def test_every_lesson_is_listed(path, page):
    assert f"notebooks/{path.name}" in (ROOT / page).read_text(encoding="utf-8")


@every_lesson
def test_lessons_and_files_that_it_names_exist(path):
    prose = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    named = set(re.findall(r"[Ll]essons? (\d\d)\b", prose))
    assert named <= set(registry.LESSONS), (
        f"no such lessons: {sorted(named - set(registry.LESSONS))}"
    )
    for link in re.findall(r"\]\(([^)#:]+)\)", prose):
        assert (path.parent / link).exists(), f"{path.name} links to {link}, which does not exist"


@pytest.mark.parametrize(
    "path, following", list(zip(LESSONS, LESSONS[1:])), ids=lambda path: path.stem
)
def test_it_leads_on_to_the_next_lesson(path, following):
    prose = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert re.search(rf"Next:.*\({re.escape(following.name)}\)", prose)


# -- the template ----------------------------------------------------------------------------------

TEMPLATE = ROOT / "docs" / "lesson_template.ipynb"


@pytest.mark.parametrize("part", PARTS)
def test_the_template_has_every_part(part):
    test_every_part_of_a_lesson_is_there(TEMPLATE, part)


def test_the_head_of_the_template_leads_to_the_glossary():
    test_the_head_leads_to_the_glossary(TEMPLATE)


@pytest.mark.full
def test_the_template_runs():
    import nbclient

    notebook = read(TEMPLATE)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    printed = "\n".join(map(words_of, code_cells(notebook)))
    assert "all gradients right: True" in printed and "agree: True" in printed


# -- the checks themselves -------------------------------------------------------------------------


def whole_cell():
    return nbformat.v4.new_code_cell(
        "show()",
        execution_count=1,
        outputs=[
            nbformat.v4.new_output(
                "display_data",
                {"image/png": "iVBORw0KGgo=", "text/plain": "Loss falls from 2.3 to 0.1."},
            )
        ],
    )


def picture_without_words(cell):
    cell.outputs[0].data["text/plain"] = "<Figure size 640x480 with 1 Axes>"


def not_executed(cell):
    cell.execution_count = None


def stored_error(cell):
    cell.outputs.append(nbformat.v4.new_output("error", ename="E", evalue="", traceback=[]))


def warning(cell):
    cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="careful"))


def skipped(cell):
    cell.source = "# NBVAL_SKIP\n" + cell.source


def tagged(cell):
    cell.metadata["tags"] = ["nbval-skip"]


def machine_path(cell):
    cell.outputs[0].data["text/plain"] = "Loss was stored in /home/me/runs for the class."


def timed(cell):
    cell.metadata["execution"] = {"iopub.status.idle": "2024-01-01"}


def long(cell):
    cell.source = "x = 1\n" * 26


def wide(cell):
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text="word " * 27))


@pytest.mark.parametrize(
    "fault, check",
    [
        (picture_without_words, test_every_picture_has_its_sentence),
        (not_executed, test_every_code_cell_was_executed_in_order_and_none_failed),
        (stored_error, test_every_code_cell_was_executed_in_order_and_none_failed),
        (warning, test_every_code_cell_was_executed_in_order_and_none_failed),
        (skipped, test_no_cell_is_kept_from_nbval),
        (tagged, test_no_cell_is_kept_from_nbval),
        (machine_path, test_outputs_name_no_machine),
        (timed, test_it_is_stored_normalised),
        (long, test_cells_are_short),
        (wide, test_lines_fit_a_laptop),
    ],
    ids=lambda value: value.__name__,
)
def test_each_check_notices_its_fault(tmp_path, fault, check):
    path = tmp_path / "00_lesson.ipynb"
    cell = whole_cell()
    notebook = notebooks.normalize(nbformat.v4.new_notebook(cells=[cell]))
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
    check(path)  # whole, it passes
    fault(notebook.cells[0])
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        check(path)
