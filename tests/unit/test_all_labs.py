"""What every lab must stand: any value of any control, any combination, being closed and kept."""

import ast
import gc
import json
import re
import threading

import ipywidgets
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlkit import labs

NAMES = labs.__all__
LINES = 45  # a program that a learner reads at a glance
ONE = re.compile(  # "1 epochs"
    r"(?<![\d.,])1 (hidden |time |training )?"
    r"(epochs|batches|steps|layers|seeds|points|pixels|networks|units)\b"
)


@pytest.fixture(scope="module", params=NAMES)
def lab(request):
    made = getattr(labs, request.param)()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _at_rest(lab):
    """Bring a lab back to its opening values after each test."""
    opening = lab.controls.values()
    yield
    for name, value in opening.items():  # one by one: a menu may depend on the one before it
        lab.controls[name].value = value


def ends(control):
    """Return the two ends of a control: what a hand can reach."""
    if hasattr(control, "bounds"):
        return control.bounds[:2]
    if isinstance(control, ipywidgets.Checkbox):
        return (False, True)
    if isinstance(control, ipywidgets.Text):
        return ("", "x" * control.longest)
    values = [value for _, value in control._options_full]
    return (values[0], values[-1])


def any_value(control):
    """Return a strategy for what a control may hold."""
    if hasattr(control, "bounds"):
        low, high, whole = control.bounds
        inside = st.integers(low, high) if whole else st.floats(low, high, allow_subnormal=False)
        return st.sampled_from([low, high]) | inside
    if isinstance(control, ipywidgets.Checkbox):
        return st.booleans()
    if isinstance(control, ipywidgets.Text):
        odd = ["", " ", "a", "<b>&amp;</b>", "the the the", "ÄÖ €", "\\frac{1}{0}", "9" * 40]
        return st.sampled_from(odd) | st.text(max_size=min(30, control.longest))
    return st.sampled_from([value for _, value in control._options_full])


def look(lab, moved):
    """Everything a learner can see must be there, in words and numbers."""
    message = lab._message.value
    for word in ("Traceback", "Error:", "object has no attribute", "unsupported operand"):
        assert word not in message, f"{moved}: {message}"
    assert lab.summary().strip(), moved
    assert not (wrong := ONE.search(lab.summary())), f"{moved}: {wrong[0]}"
    picture = re.sub(r'(href|aria-label)="[^"]*"', "", lab._picture.value)
    picture = re.sub(r"<(text|title|desc)\b.*?</\1>", "", picture, flags=re.DOTALL)
    assert picture.startswith("<svg") or "<svg" in picture, moved
    assert not re.search(r"\b(nan|inf)\b", picture), f"{moved}: a mark stands nowhere"
    for words in (lab.sentence, lab._details.value):
        assert "<script" not in words and "Traceback" not in words, moved


def set_control(lab, name, value):
    """Move a control, unless the lab hides it or holds it still just now."""
    control = lab.controls[name]
    if isinstance(control, ipywidgets.Dropdown | ipywidgets.SelectionSlider) and value not in [
        option for _, option in control._options_full
    ]:
        return  # another control has changed the menu
    control.value = value


def test_both_ends_of_every_control(lab):
    for name in lab.controls:
        opening = lab.controls[name].value
        for end in ends(lab.controls[name]):
            set_control(lab, name, end)
            look(lab, f"{name} = {end!r}")
        set_control(lab, name, opening)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_combinations(lab, data):
    moved = {}
    for name in lab.controls:
        if data.draw(st.booleans(), label=f"move {name}"):
            value = data.draw(any_value(lab.controls[name]), label=name)
            set_control(lab, name, value)
            moved[name] = value
            look(lab, moved)


def test_the_state_survives_json_and_makes_the_same_lab(lab):
    for name in lab.controls:
        if not isinstance(lab.controls[name], ipywidgets.Dropdown):
            set_control(lab, name, ends(lab.controls[name])[1])
    state = json.loads(json.dumps(lab.state()))
    again = type(lab).from_state(state)
    try:
        assert again.state() == state
        assert again.controls.values() == lab.controls.values()
    finally:
        again.close()


def test_a_challenge_that_a_teacher_set_travels_with_the_state(lab):
    own = lab.challenge
    lab.pose("Make the curve straight.")
    again = type(lab).from_state(json.loads(json.dumps(lab.state())))
    lab.pose(own)
    try:
        assert again.challenge == "Make the curve straight."
        assert "Make the curve straight." in again._head.value
    finally:
        again.close()


def test_every_control_says_what_it_does(lab):
    for name, control in lab.controls.items():
        assert control.description.strip(), f"{name} has no label"
        assert len(control.help) > 10, f"{name} is not explained"
    assert lab.title and lab.question.endswith("?"), "a lab asks a question"
    assert lab.challenge.strip(), "a lab has a challenge"
    assert lab.met() is not None, "a lab recognises when its challenge is met"


def test_the_challenge_is_still_open_at_first(lab):
    assert lab.met() is False


def test_its_code_is_short_and_whole(lab):
    code = lab.code()
    for framework, program in (("dlkit", code.dlkit), ("keras", code.keras)):
        tree = ast.parse(program)
        imported = {
            (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in node.names
        }
        assert any(name.split(".")[0] == framework for name in imported), (
            f"it does not use {framework}"
        )
        assert not any("ipywidgets" in name for name in imported)
        assert "print(" in program, "it tells nothing"
        assert len(program.splitlines()) <= LINES, f"{len(program.splitlines())} lines"
        assert max(map(len, program.splitlines())) <= 100
    assert "widget" not in code.dlkit + code.keras


def test_the_code_button_follows_the_controls(lab):
    lab.show_code()
    try:
        assert "import" in lab._code.value
    finally:
        lab.show_code()
    assert lab._code.value == ""


def test_the_picture_is_kept_with_its_words(lab):
    bundle, metadata = lab._repr_mimebundle_()
    assert bundle["image/png"] and bundle["text/plain"].startswith(type(lab).__name__)
    assert metadata["image/png"]["alt"] == lab.sentence
    assert lab.figure().text_alternative == lab.sentence


def test_unknown_and_impossible_values_are_refused_by_name(lab):
    kind = type(lab)
    with pytest.raises((TypeError, ValueError), match="speeed"):
        kind(speeed=3)
    for name, control in lab.controls.items():
        if hasattr(control, "bounds"):
            for value in (float("nan"), "a lot", control.bounds[1] + 1, None):
                with pytest.raises((TypeError, ValueError), match=name):
                    kind(**{name: value})
            break


def test_closing_ends_everything(lab):
    before = set(threading.enumerate())
    other = type(lab)()
    other.close()
    other.close()  # closing again does no harm
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), f"{thread.name} goes on after close()"


@pytest.mark.full
def test_a_hundred_labs_leak_neither_threads_nor_memory(lab):
    process, kind = psutil.Process(), type(lab)
    for _ in range(100):  # caches fill, and garbage that waits for its collection reaches its most
        kind().close()
    gc.collect()
    threads, memory = threading.active_count(), process.memory_info().rss
    for _ in range(100):
        kind().close()
    gc.collect()
    grown = (process.memory_info().rss - memory) / 2**20
    assert threading.active_count() <= threads
    assert grown < 20, f"{grown:.1f} MB after 100 labs"
