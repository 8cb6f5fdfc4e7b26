"""What a learner does on a lesson's page: types into a cell, runs it, reads what stands under it."""

import re
from dataclasses import dataclass

from waiting import wait_for

PANEL = "jupyterapp.shell.currentWidget.content"
SOURCES = f"""() => {PANEL}.widgets.map(
    cell => [cell.model.type, cell.model.sharedModel.getSource()])"""
SOURCE = f"index => {PANEL}.widgets[index].model.sharedModel.getSource()"
COUNT = f"index => {PANEL}.widgets[index].model.executionCount"
FAILED = f"""index => {PANEL}.widgets[index].model.outputs.toJSON()
    .filter(output => output.output_type === "error")
    .map(output => output.ename + ": " + output.evalue)"""
OPEN_FOLDED = "details => details.open"
HAS_FOCUS = "element => element === document.activeElement"
EDGES = ("aria-valuenow", "aria-valuemax")


def in_words(text):
    """Return the pieces of a text that a page shows as they are: no marks of code, no formulae."""
    pieces = re.split(r"\$[^$]*\$", text.replace("`", ""))
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


def stands_in(text, seen):
    """Return whether a page's words hold the text; formulae are left out."""
    seen = " ".join(seen.split())
    return all(piece in seen for piece in in_words(text))


@dataclass
class Learner:
    """Somebody at the keyboard, with a lesson open.

    Parameters
    ----------
    lab_page : jupyterlab_session.LabPage
        With the lesson open.
    """

    lab_page: object

    @property
    def page(self):
        return self.lab_page.page

    def sources(self):
        """Return (type, source) of each cell."""
        return [tuple(cell) for cell in self.page.evaluate(SOURCES)]

    def cell_with(self, words):
        """Return the number of the first code cell whose source holds the words."""
        for index, (kind, source) in enumerate(self.sources()):
            if kind == "code" and words in source:
                return index
        raise AssertionError(f"no code cell holds {words!r}")

    def cell(self, index):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def read(self, index):
        """Return what can be read under a cell."""
        return self.cell(index).locator(".jp-Cell-outputWrapper").inner_text()

    def failures(self, index):
        """Return the errors that a cell ended with."""
        return self.page.evaluate(FAILED, index)

    def type_into(self, index, source):
        """Replace what stands in a cell, by keyboard."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        wait_for(
            lambda: self.page.evaluate(SOURCE, index) == source,
            lambda: f"typed:\n{source}\nbut the cell holds:\n{self.page.evaluate(SOURCE, index)}",
        )

    def run(self, index, timeout=60):
        """Press Ctrl+Enter in the cell that was typed into, and wait until it is done."""
        before = self.page.evaluate(COUNT, index)
        self.page.keyboard.press("Control+Enter")
        wait_for(
            lambda: self.page.evaluate(COUNT, index) not in (None, before),
            lambda: f"the cell is still running; under it stands: {self.read(index)!r}",
            timeout,
        )

    def add_cell(self, source):
        """Write a new cell at the end, and return its number."""
        index = len(self.sources())
        self.page.evaluate(f"() => {{ {PANEL}.activeCellIndex = {index - 1}; }}")
        self.lab_page.command("notebook:insert-cell-below")
        wait_for(lambda: len(self.sources()) == index + 1, "no cell was added")
        self.type_into(index, source)
        return index

    def press_choice(self, box, index, key):
        """Go from a question's first choice to another by Tab, and press a key there."""
        choices = box.locator(".dlkit-quiz-choice")
        choices.first.focus()
        for _ in range(index):
            self.page.keyboard.press("Tab")
        chosen = choices.nth(index)
        assert chosen.evaluate(HAS_FOCUS), f"Tab did not lead to the choice {chosen.inner_text()!r}"
        self.page.keyboard.press(key)

    def unfold(self, details, key="Enter"):
        """Open something folded by keyboard; return whether it is open."""
        details.locator("summary").focus()
        self.page.keyboard.press(key)
        return details.evaluate(OPEN_FOLDED)


@dataclass
class SeenLab:
    """What a learner sees of one lab on a page that may hold several.

    Parameters
    ----------
    box : playwright.sync_api.Locator
        The lab's element.
    name : str
        For messages.
    """

    box: object
    name: str

    def __post_init__(self):
        self.box.scroll_into_view_if_needed()

    def part(self, name):
        return self.box.locator(f".{name}").first

    def sentence(self):
        return self.part("lab-sentence").inner_text()

    def look(self):
        """Return the sentence, the picture and the message."""
        picture = self.part("lab-picture").inner_html()
        return self.sentence(), picture, self.part("lab-message").inner_text()

    def sliders(self):
        """Return the handles of the sliders that can be moved now."""
        return self.box.locator(".noUi-target:not([disabled]) .noUi-handle:visible")

    def nudge(self, handle):
        """Press an arrow key three times on a slider, away from its end."""
        handle.focus()
        now, end = (float(handle.get_attribute(name)) for name in EDGES)
        for _ in range(3):
            handle.press("ArrowLeft" if now >= end else "ArrowRight")

    def expect_change(self, before, what, timeout=20):
        """Wait until sentence and picture both differ from before."""
        self._expect(lambda now: now[0] != before[0] and now[1] != before[1], what, timeout)

    def expect_answer(self, before, what, timeout=20):
        """Wait until sentence, picture or message differs from before."""
        self._expect(lambda now: now != before, what, timeout)

    def _expect(self, changed, what, timeout):
        wait_for(
            lambda: changed(self.look()),
            lambda: f"{self.name}: {what}, and it stayed as it was: {self.sentence()!r}",
            timeout,
        )
