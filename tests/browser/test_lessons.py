"""Every lesson as a learner walks it: run all, solve each exercise, answer each question, use the labs."""

import ast
import re

import pytest
from jupyterlab_session import ROOT
from learner import Learner, SeenLab, stands_in
from waiting import wait_for

from dlkit.exercises import registry, solution
from dlkit.exercises.quizzes import quizzes

LESSONS = {path.name[:2]: path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
QUICK = "03"  # the others run in the full tier
FOLDED = ".jp-OutputArea-output details:not(.dlkit-lab *), .jp-MarkdownOutput details"
PATIENCE = 60  # seconds, on a busy machine, for what takes less than one on a quiet one
# What a page shows of its text's markup: the marks of Markdown and LaTeX outside code and formulae.
BARE_MARKS = """() => [...document.querySelectorAll(".jp-Notebook .jp-MarkdownOutput")].flatMap(prose => {
    const copy = prose.cloneNode(true);
    copy.querySelectorAll("code, pre, mjx-container, .jp-InternalAnchorLink")
        .forEach(part => part.remove());
    return copy.textContent.match(/.{0,40}(\\*|\\$|`|\\]\\(|\\\\[a-z]).{0,40}/g) ?? [];
})"""
WRONG = (
    '{start}\nfrom dlkit.exercises import get\n\n{answer} = get("{id}").wrong_answers[0].answer\n'
)


def test_every_lesson_is_walked():
    assert list(LESSONS) == list(registry.LESSONS)


@pytest.mark.parametrize(
    "number",
    [pytest.param(key, marks=() if key == QUICK else pytest.mark.full) for key in LESSONS],
)
def test_a_learner_walks_the_lesson(lab_page, number):
    lab_page.open(LESSONS[number])
    lab_page.run_all(timeout=600)
    assert lab_page.failures() == [], f"lesson {number}"
    learner = Learner(lab_page)
    for step in (
        read_prose,
        solve_exercises,
        answer_quizzes,
        open_what_is_folded,
        use_labs,
        count_solved,
    ):
        try:
            step(learner, number)
        except AssertionError as problem:
            raise AssertionError(f"lesson {number}: {problem}") from None
    assert lab_page.foreign == [], "a class without a network must see no difference"
    assert lab_page.errors == [], f"lesson {number}"


def read_prose(learner, number):
    """Look for text that is not set as it is meant: formulae and emphasis that stayed as typed."""
    found = learner.page.evaluate(BARE_MARKS)
    assert not found, f"its text shows marks: {found}"


def exercises_of(number):
    return [each for each in registry.exercises().values() if each.lesson == number]


# -- exercises -------------------------------------------------------------------------------------


def solve_exercises(learner, number):
    """Leave each exercise, then mistake it, then solve it as its solution is shown."""
    cells = [(each, learner.cell_with(f'check("{each.id}"')) for each in exercises_of(number)]
    for exercise, cell in cells:
        expect(learner, exercise, cell, "… {} not attempted", "Replace the ...", "left untouched")
    for exercise, cell in cells:
        name, start, call = parts_of(exercise, learner.sources()[cell][1])
        typed = WRONG.format(start=start, answer=name, id=exercise.id).lstrip() + call
        learner.type_into(cell, typed)
        learner.run(cell, exercise.seconds + PATIENCE)
        words = exercise.wrong_answers[0].message
        expect(learner, exercise, cell, "✗ {} not yet", words, "a catalogued mistake")

        shown = solution(exercise.id).text.strip()
        own = exercise.solution.__name__ + ("()" if exercise.value else "")
        learner.type_into(cell, f"{shown}\n\n\n{name} = {own}\n{call}")
        learner.run(cell, exercise.seconds + PATIENCE)
        expect(learner, exercise, cell, "✓ {} solved", "", "the solution as it is shown")


def parts_of(exercise, source):
    """Return the answer's name as the cell hands it in, the lines above it, and the call."""
    tree = ast.parse(source)
    call = ast.get_source_segment(source, tree.body[-1])
    assert call.startswith("check("), f"exercise {exercise.id} does not end with its check"
    answer = tree.body[-1].value.args[1]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.unparse(answer), "\n".join(map(ast.unparse, imports)), call


def expect(learner, exercise, cell, verdict, words, what):
    """Wait until a cell shows a verdict and the words of its reason, and no traceback."""
    verdict = verdict.format(exercise.id)

    def told():
        return f"exercise {exercise.id}, {what}: no {verdict!r} and {words!r} in {seen()!r}"

    def seen():
        return "\n".join([learner.read(cell), *learner.failures(cell)])

    wait_for(lambda: stands_in(verdict, seen()) and stands_in(words, seen()), told, PATIENCE)
    assert not learner.failures(cell) and "Traceback" not in seen(), told()


# -- questions -------------------------------------------------------------------------------------


def answer_quizzes(learner, number):
    """Answer each exit quiz by keyboard, first wrongly."""
    asked = [id for id in quizzes() if id.startswith(number)]
    for id in asked:
        cell = learner.cell_with(f'quiz("{id}")')
        box, arguments = learner.cell(cell).locator(".dlkit-quiz"), quizzes()[id]
        right = arguments["answer"]
        if isinstance(right, str):
            right = arguments["choices"].index(right)
        wrong = (right + 1) % len(arguments["choices"])
        for index, key, verdict in ((wrong, "Enter", "✗ Not right"), (right, "Space", "✓ Right")):
            learner.press_choice(box, index, key)
            words = arguments["explanations"][index]
            expect_alert(box, f"quiz {id}, choice {index}", verdict, words)


def expect_alert(box, what, verdict, words):
    alert = box.locator("[role=alert]")

    def seen():
        return alert.inner_text() if alert.count() else ""

    wait_for(
        lambda: stands_in(verdict, seen()) and stands_in(words, seen()),
        lambda: f"{what}: no {verdict!r} and {words!r} in {seen()!r}",
        PATIENCE,
    )


def open_what_is_folded(learner, number):
    """Open outcomes and the teacher's note by keyboard; make each prediction, though late."""
    predictions = notes = 0
    for cell, (kind, source) in enumerate(learner.sources()):
        for details in learner.cell(cell).locator(FOLDED).all():
            assert learner.unfold(details), f"cell {cell}: {details.inner_text()!r} stays folded"
            words = "It turned out" if kind == "code" else "Teacher's note"
            assert words in details.inner_text(), f"cell {cell} unfolds {details.inner_text()!r}"
            notes += kind == "markdown"
        if kind == "code" and "Quiz.predict(" in source:
            predictions += 1
            box = learner.cell(cell).locator(".dlkit-quiz")
            learner.press_choice(box, 1, "Enter")
            expect_alert(box, f"the prediction in cell {cell}", "You predicted:", "It turned out:")
    assert predictions, "it asks for no prediction"
    assert notes == 1, f"it has {notes} teacher's notes"


# -- labs ------------------------------------------------------------------------------------------


def use_labs(learner, number):
    """Move the first slider of each lab by arrow key, and press its main button."""
    boxes = learner.page.locator(".jp-OutputArea-output .dlkit-lab").all()
    assert boxes, "it shows no lab"
    for box in boxes:
        name = re.search(r"dlkit-(\w+lab)\b", box.get_attribute("class")).group(1)
        lab = SeenLab(box, name)
        help = box.locator("details").first
        assert learner.unfold(help), f"{name}: its help stays folded"
        before = lab.look()
        handle = lab.sliders().first
        lab.nudge(handle)
        moved = f"{handle.get_attribute('aria-label')!r} was moved by arrow keys"
        lab.expect_answer(before, moved, PATIENCE)
        main = box.locator("button.mod-primary:visible")
        if main.count():
            before = lab.look()
            main.first.press("Enter")
            lab.expect_answer(before, "its main button was pressed", PATIENCE)
            stop = box.locator(".lab-stop:visible:not([disabled])")
            if stop.count():
                stop.first.press("Enter")
        assert "Please note" not in lab.part("lab-message").inner_text(), name


# -- the end ---------------------------------------------------------------------------------------


def count_solved(learner, number):
    """Ask how far one is, in a new last cell."""
    cell = learner.add_cell("from dlkit.exercises import progress\n\nprogress()")
    learner.run(cell, PATIENCE)
    exercises = exercises_of(number)
    for exercise in exercises:
        colon = "" if exercise.title.endswith("?") else ":"
        line = "{} " + exercise.title + colon + " ✓ solved"
        expect(learner, exercise, cell, line, "", "progress()")
    assert learner.read(cell).count("✓ solved") == len(exercises), learner.read(cell)
