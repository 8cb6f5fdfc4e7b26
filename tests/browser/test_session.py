"""The session itself: JupyterLab opens, a cell runs, a widget answers, and nobody else is asked."""

import sys

import nbformat

from dlkit import notebooks

LESSON = "session test.ipynb"
WIDGETS = """
import ipywidgets as w
slider = w.IntSlider(value=1, max=50)
slider.add_class("session-slider")
button = w.Button(description="Double")
button.add_class("session-button")
answer = w.HTML("nothing yet")
answer.add_class("session-answer")

def double(_):
    answer.value = f"twice {slider.value} is {2 * slider.value}"

button.on_click(double)
w.VBox([slider, button, answer])
"""
SOURCES = ("6 * 7", WIDGETS.strip(), "import sys; print(sys.executable)")


def test_a_notebook_runs_and_a_widget_answers(lab, lab_page):
    cells = [nbformat.v4.new_code_cell(source) for source in SOURCES]
    notebook = notebooks.normalize(nbformat.v4.new_notebook(cells=cells))
    nbformat.write(notebook, lab.folder / "notebooks" / LESSON)
    lab_page.open(LESSON)
    lab_page.run_all(timeout=60)
    assert lab_page.failures() == []
    first, _, third = lab_page.cells()
    assert first["count"] == 1 and first["outputs"][0]["data"]["text/plain"] == "42"
    assert third["outputs"][0]["text"] == sys.executable + "\n"
    lab_page.set_slider("session-slider", 21)
    lab_page.widget("session-button").click()
    lab_page.widget("session-answer").get_by_text("twice 21 is 42").wait_for(timeout=10_000)
    assert lab_page.foreign == [], "a class without a network must see no difference"
    assert lab_page.errors == []
    news = lab_page.page.get_by_text("Would you like to receive official Jupyter news")
    assert news.count() == 0
