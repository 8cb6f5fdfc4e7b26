"""Sliders keep what the kernel gives them, and follow the hand; driven by messages, no browser."""

import time

import numpy as np
import pytest

from dlkit.display.controls import slider
from dlkit.labs import LearningRateLab


def make(**more):
    return slider(0.5, -10, 10, step=0.1, label="w", help="w", **more)


@pytest.fixture
def sent(monkeypatch):
    """Every message that a slider sends to the page."""
    messages = []
    monkeypatch.setattr(
        "ipywidgets.Widget._send", lambda self, content, buffers=None: messages.append(content)
    )
    return messages


def test_a_value_from_the_kernel_silences_the_page_while_it_arrives(sent):
    made = make()
    sent.clear()
    made.value = 0.1234
    states = [message["state"] for message in sent]
    assert states == [
        {"value": 0.1234, "continuous_update": False},
        {"continuous_update": True},
    ]
    assert made.continuous_update is True


def test_the_page_rounding_the_value_is_not_a_move():
    made = make()
    made.value = 0.1234
    made.set_state({"value": 0.1})
    assert made.value == 0.1234
    made.set_state({"value": 0.2})
    assert made.value == 0.2


@pytest.fixture
def later(monkeypatch):
    """Call it, and a minute has passed."""
    start, minutes = time.monotonic(), []
    monkeypatch.setattr("dlkit.display.sliders.time.monotonic", lambda: start + 60 * len(minutes))
    return lambda: minutes.append(1)


def test_a_kernel_that_was_busy_takes_no_old_answer_for_a_move(sent, later):
    """All cells are run at once: the page shows the first value while the last one is set."""
    made = slider(0.001, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    made.value = 0.0021
    later()
    made.shown()
    made.value = 0.0123
    later()
    sent.clear()
    made.set_state({"value": 10**-2.68})
    assert made.value == 0.0123
    assert sent[0]["state"] == {"value": 0.0123, "continuous_update": False}, "the page is told"
    later()
    made.set_state({"value": 10**-2.68})
    assert made.value == 0.0021, "once the page has answered, a hand may go there"


def test_every_move_of_a_hand_counts():
    made, moves = make(), []
    made.observe(lambda change: moves.append(change["new"]), names="value")
    for value in (0.6, 0.7, -10.0, 10.0, 0.5):
        made.set_state({"value": value})
    assert moves == [0.6, 0.7, -10.0, 10.0, 0.5]


def test_a_logarithmic_slider_measures_its_steps_in_the_exponent():
    made = slider(1.0, 0.01, 10, logarithmic=True, label="rate", help="rate")
    made.value = 0.0123
    made.set_state({"value": 10 ** (-1.91)})  # the nearest step of 0.01 in the exponent
    assert made.value == 0.0123
    made.set_state({"value": 10 ** (-1.85)})
    assert made.value == 0.014, "as its readout has it"


def test_what_is_not_a_value_passes_through():
    made = make()
    made.set_state({"description": "other"})
    assert made.description == "other"


def test_a_late_answer_to_an_earlier_value_is_no_move():
    """The page rounds what it was given first, while the kernel has moved on."""
    made = slider(0.003, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    made.value = 0.0005
    made.value = 0.05
    for late in (0.003, 0.0005):
        made.set_state({"value": 10 ** (round(np.log10(late) * 100) / 100)})
        assert made.value == 0.05
    made.set_state({"value": 0.02})
    assert made.value == 0.02, "a hand moved it"
    made.set_state({"value": 10**-2.52})
    assert made.value == 0.003, "and back to where it once was"


@pytest.mark.parametrize("typed", [0.003, 0.05, 0.0012, 0.1, 0.0001])
def test_a_number_that_is_typed_is_that_number(typed):
    """The page moves the handle to the next step, and sends where that is."""
    made = slider(0.002, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    made.set_state({"value": 10 ** (round(np.log10(typed) * 100) / 100)})
    assert made.value == typed


def test_a_hand_is_not_disturbed_by_what_it_has_moved(sent):
    """An answer would pull the handle back while the hand is further already."""
    made = slider(0.002, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    sent.clear()
    made.set_state({"value": 10**-2.52})
    assert made.value == 0.003
    assert [message["method"] for message in sent] == ["echo_update"]


def test_a_lab_may_set_the_slider_that_a_hand_moves(sent):
    made = slider(0.002, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    made.observe(lambda change: setattr(made, "value", 0.01), names="value")
    sent.clear()
    made.set_state({"value": 10**-2.52})
    assert made.value == 0.01
    assert {"value": 0.01, "continuous_update": False} in [message["state"] for message in sent]


def test_the_arithmetic_of_the_page_leaves_no_trace():
    made = make()
    made.set_state({"value": -10 + 107 * 0.1})
    assert -10 + 107 * 0.1 != 0.7 and made.value == 0.7


def test_after_the_lab_has_moved_it_a_hand_is_still_followed(monkeypatch):
    made = slider(0.9, 0, 1, step=0.01, label="w", help="w")
    for step in range(1, 9):
        made.value = 0.9 - 0.0057 * step
    later = time.monotonic() + 3
    monkeypatch.setattr("dlkit.display.sliders.time.monotonic", lambda: later)
    made.set_state({"value": 0.86})
    assert made.value == 0.86


def test_a_late_echo_of_the_very_first_value_is_no_move():
    """A page that is still being built sends back what it was built with."""
    made = slider(0.003, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    made.value = 0.0003
    made.set_state({"value": 0.003})
    assert made.value == 0.0003


def test_a_lab_that_is_shown_long_after_its_controls_were_set_keeps_their_values(monkeypatch):
    made = slider(0.001, 0.0001, 0.1, logarithmic=True, label="a", help="b")
    made.value = 0.003
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    made.set_state({"value": 10 ** (round(np.log10(0.003) * 100) / 100)})
    assert made.value == 0.003
    made.set_state({"value": 0.02})
    assert made.value == 0.02


def test_a_lab_tells_its_sliders_when_it_is_shown(later):
    lab = LearningRateLab(epochs=5)
    lab._repr_mimebundle_()
    opened = lab.controls.learning_rate.value
    lab.controls.learning_rate.value = 0.0123
    later()
    step = lab.controls.learning_rate.step
    lab.controls.learning_rate.set_state(
        {"value": 10 ** (round((np.log10(opened) + 4) / step) * step - 4)}
    )
    assert lab.controls.learning_rate.value == 0.0123
    lab.close()
