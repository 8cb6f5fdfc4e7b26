"""RecurrentLab: gradients against finite differences, readings against the formula, the writing."""

import contextlib
import dataclasses
import io
import json
import re

import numpy as np
import pytest

from dlkit.labs import RecurrentLab
from dlkit.labs.recurrent_gradient import CELLS, gradient_through_time, random_layer
from dlkit.labs.recurrent_readers import (
    adding_examples,
    adding_reader,
    character_reader,
    known_text,
    read_adding,
    read_text,
    step_in_numbers,
)
from dlkit.labs.recurrent_training import ALPHABET, adding_data, corpus_lines, train_characters
from dlkit.labs.recurrent_writer import (
    next_character,
    obeys_grammar,
    probabilities,
    write_lines,
)
from dlkit.plots.chart import Arrow, Bars, Box, Heat, Line, Text

every_cell = pytest.mark.parametrize("cell", CELLS)


@pytest.fixture(scope="module")
def lab():
    made = RecurrentLab()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _at_rest(lab):
    opening = lab.controls.values()
    yield
    lab.controls.set(opening)


def printed(program):
    """Run a program; return the numbers that it prints, by what stands before them."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "program", "exec"), {})
    found = re.findall(r"([^:,]+): (-?[\d.]+(?:e[+-]\d+)?)", out.getvalue())
    return {name.strip(): float(value) for name, value in found}


# The gradient


@every_cell
@pytest.mark.parametrize("t", [0, 3, 6])
def test_the_gradient_through_time_is_that_of_finite_differences(cell, t):
    length, h = 7, 1e-6
    layer, x, upstream = random_layer(cell, length, 1.3, 0.7, seed=2)
    states = [np.zeros_like(upstream) for _ in layer.state_names]
    for step in range(t):
        states = _step(layer, x[:, step], states)

    def loss(states):
        for step in range(t, length):
            states = _step(layer, x[:, step], states)
        return (upstream * states[0]).sum(axis=1)  # each sequence by itself

    found = gradient_through_time(cell, length, 1.3, 0.7, 2)
    curves = [found.hidden] if cell != "lstm" else [found.hidden, found.cell]
    for which, curve in enumerate(curves):
        slopes = []
        for unit in range(upstream.shape[1]):
            up, down = ([each.copy() for each in states] for _ in range(2))
            for nudged, nudge in ((up, h), (down, -h)):
                nudged[which][:, unit] += nudge
                if which and t:  # h is made of c, and moves with it
                    nudged[0] = states[0] / np.tanh(states[1]) * np.tanh(nudged[1])
            slopes.append((loss(up) - loss(down)) / (2 * h))
        assert curve[t] == pytest.approx(np.linalg.norm(slopes, axis=0).mean(), rel=1e-6)


def _step(layer, x, states):
    states = layer.step(x, *states)
    return list(states) if isinstance(states, tuple) else [states]


@every_cell
def test_the_settings_of_the_gradient_do_what_they_say(cell):
    plain, _, _ = random_layer(cell, 5)
    changed, _, _ = random_layer(cell, 5, recurrent_scale=0.5, gate_bias=3.0)
    name = "recurrent_kernel"
    np.testing.assert_allclose(changed.parameters[name], plain.parameters[name] * 0.5)
    if cell == "simple_rnn":
        assert gradient_through_time(cell, 9, 1.0, 3.0) is not None
        np.testing.assert_array_equal(changed.parameters["bias"], 0)
        return
    x = np.zeros((1, 2, 8))
    changed.forward(x)
    gate = changed.gates["forget" if cell == "lstm" else "update"]
    np.testing.assert_allclose(gate[0, 0], 1 / (1 + np.exp(-3.0)))
    others = [values for key, values in changed.gates.items() if key in ("input", "reset")]
    np.testing.assert_allclose(others[0][0, 0], 0.5)


def test_a_longer_way_only_adds_what_lies_further_back():
    _, short, _ = random_layer("gru", 10)
    _, long, _ = random_layer("gru", 30)
    np.testing.assert_array_equal(long[:, :10], short)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lstn", 5), "Did you mean 'lstm'"),
        (("lstm", 0), "length must be"),
        (("lstm", 5, -1.0), "recurrent_scale must be"),
        (("lstm", 5, 1.0, "x"), "gate_bias must be"),
        (("lstm", 5, 1.0, 1.0, -1), "seed must be"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        random_layer(*arguments)


# The challenge


def test_the_challenge_is_met_by_an_open_gate_and_a_long_way_only(lab):
    assert lab.met() is False
    lab.controls.set({"view": "gradient", "length": 100})
    assert lab.met() is False
    lab.controls.gate_bias.value = 4.5
    assert lab.met() is True and "Challenge met" in lab.summary()
    assert "∂L/∂c) from × 0.1" in lab.details()
    assert gradient_through_time("simple_rnn", 100, 1.0, 4.5).survival < 1e-6
    lab.controls.recurrent_scale.value = 2.0  # on its way the gradient grows above ten times
    lab.controls.gate_bias.value = 4.0
    assert lab.met() is False
    lab.controls.recurrent_scale.value = 1.0
    assert lab.met() is True
    lab.controls.length.value = 99
    assert lab.met() is False
    lab.controls.set({"length": 100, "view": "adding"})
    assert lab.met() is False


# Reading


@every_cell
def test_a_reading_is_what_step_computes_again_and_again(cell):
    reading, network = read_adding(cell, 4), adding_reader(cell)
    layer, dense = network.layers
    states = [np.zeros((1, layer.units)) for _ in layer.state_names]
    for step, x in enumerate(reading.x):
        states = _step(layer, x[None], states)
        np.testing.assert_allclose(reading.hidden[step], states[0][0], atol=1e-12)
        if cell == "lstm":
            np.testing.assert_allclose(reading.memory[step], states[1][0], atol=1e-12)
    assert reading.outputs[-1, 0] == pytest.approx(float(network.predict(reading.x[None])[0, 0]))


@every_cell
@pytest.mark.parametrize("step", [0, 9])
def test_the_numbers_of_a_step_make_its_state(cell, step):
    network, reading = character_reader(cell), read_text(cell, "the old fox")
    n = step_in_numbers(network, reading, step, 11)

    def z(name):
        return n[f"{name} x W"] + n[f"{name} h U"] + n[f"{name} b"] + n[f"{name} b recurrent"]

    def sigma(name):
        return 1 / (1 + np.exp(-z(name)))

    if cell == "simple_rnn":
        h = np.tanh(z(""))
    elif cell == "lstm":
        c = sigma("forget") * n["c before"] + sigma("input") * np.tanh(z("candidate"))
        assert c == pytest.approx(n["c"])
        h = sigma("output") * np.tanh(c)
    else:
        inner = n["candidate h U"] + n["candidate b recurrent"]
        g = np.tanh(n["candidate x W"] + n["candidate b"] + sigma("reset") * inner)
        h = sigma("update") * n["h before"] + (1 - sigma("update")) * g
    assert h == pytest.approx(n["h"], abs=1e-12)


def test_the_table_ends_with_the_state_of_the_picture(lab):
    for cell in CELLS:
        lab.controls.set({"cell": cell, "step": 44, "unit": 3})
        state = read_adding(cell, 2).hidden[43, 2]
        assert f"= {state:.3f}".replace("-", "−") in lab._details.value
        heat = next(m for m in lab.chart().panels[0].marks if isinstance(m, Heat))
        assert heat.values[2, 43] == state and heat.values.shape == (16, 60)


def test_the_examples_are_those_of_the_data_set_and_were_not_trained_on():
    data, (x, y) = adding_data(), adding_examples()
    np.testing.assert_array_equal(x, data.x_validation[:20].astype("float64"))
    np.testing.assert_array_equal(y, data.y_validation[:20, 0].astype("float64"))
    error = adding_reader("lstm").predict(data.x_validation) - data.y_validation
    assert np.mean(error**2) < 0.01
    assert (
        np.mean((adding_reader("gru").predict(data.x_validation) - data.y_validation) ** 2) < 0.01
    )
    assert (
        np.mean((adding_reader("simple_rnn").predict(data.x_validation) - data.y_validation) ** 2)
        > 0.1
    )


# Writing


def test_probabilities_and_temperature():
    logits = np.array([1.0, 3.0, 0.0])
    np.testing.assert_allclose(probabilities(logits), np.exp(logits) / np.exp(logits).sum())
    assert probabilities(logits, 0.1)[1] > 0.999
    assert np.ptp(probabilities(logits, 100.0)) < 0.02
    with pytest.raises(ValueError, match="temperature must be"):
        probabilities(logits, 0.0)


def test_characters_are_drawn_as_often_as_their_probability_says():
    text = "the cats that see a dog "
    shares = probabilities(read_text("lstm", text).outputs[-1])
    drawn = [next_character("lstm", text, 1.0, seed) for seed in range(600)]
    for place in np.argsort(-shares)[:4]:
        spread = 4 * np.sqrt(shares[place] * (1 - shares[place]) / 600)
        assert abs(drawn.count(ALPHABET[place]) / 600 - shares[place]) < spread
    assert next_character("lstm", text, 1.0, 7) == next_character("lstm", text, 1.0, 7)


def test_the_stored_lstm_writes_new_lines_of_the_grammar():
    lines = write_lines(character_reader("lstm"), 200)
    obeys, known = obeys_grammar(), {line for part in corpus_lines() for line in part}
    good = [line for line in lines if obeys(line)]
    assert len(good) / len(lines) >= 0.8
    assert np.mean([line not in known for line in good]) >= 0.5
    assert write_lines(character_reader("lstm"), 3, start="some red")[0].startswith("some red")


def test_the_lstm_alone_remembers_the_subject_across_the_clause():
    for text, right, wrong in (
        ("the cats that see a dog sleep", " ", "s"),
        ("the cat that sees some dogs sleep", "s", " "),
    ):
        shares = dict(
            zip(ALPHABET, probabilities(read_text("lstm", text).outputs[-1]), strict=True)
        )
        assert shares[right] > 0.9 > 0.1 > shares[wrong]


@pytest.mark.full
def test_training_again_gives_a_network_that_writes_as_well():
    """The stored weights are what the program of the same name makes, but for the last digits."""
    lines = write_lines(train_characters("lstm"), 200)
    obeys, known = obeys_grammar(), {line for part in corpus_lines() for line in part}
    good = [line for line in lines if obeys(line)]
    assert len(good) / len(lines) >= 0.7
    assert np.mean([line not in known for line in good]) >= 0.5


def test_buttons_write_in_the_lab(lab):
    lab.controls.set({"view": "gradient", "text": "the old cat"})
    lab.write()
    assert lab.controls.view.value == "next"
    assert lab.controls.text.value.startswith("the old cat")
    line = lab.write_line()
    assert lab.controls.text.value == line and "grammar" in lab.message
    assert lab.write() == "" and "ends the line" in lab.message
    lab.clear()
    assert lab.controls.text.value == "" and "At the beginning of a line LSTM" in lab.sentence
    first = lab.write_line()
    lab.clear()
    assert lab.write_line() == first


def test_the_bars_are_the_probabilities(lab):
    lab.controls.set({"view": "next", "text": "some bird", "temperature": 0.5, "cell": "gru"})
    bars = next(m for m in lab.chart().panels[1].marks if isinstance(m, Bars))
    logits = read_text("gru", "some bird").outputs[-1]
    np.testing.assert_allclose(bars.y, probabilities(logits, 0.5))
    assert bars.y.sum() == pytest.approx(1)


def test_what_is_drawn_on_the_states_stays_dark_in_a_dark_theme(lab):
    frame = [m for m in lab.chart().panels[0].marks if isinstance(m, Line)]
    assert len(frame) == 3
    assert all(line.color != "text" for line in frame)


def test_unknown_letters_are_left_out_and_named(lab):
    assert known_text("The Jazz cat!") == ("the a cat", "!jz")
    lab.controls.set({"view": "text"})
    lab.controls.text.value = "The Jazz"
    assert "never seen j z" in lab.message
    assert len(lab.chart().panels[0].x_ticks) == len("the a") + 1
    lab.controls.step.value = 4
    lab.controls.text.value = "the"
    assert lab.message == ""


def test_only_what_matters_in_a_view_can_be_moved(lab):
    for view, free, held in (
        ("adding", "example", "gate_bias"),
        ("gradient", "gate_bias", "cell"),
        ("next", "temperature", "step"),
        ("text", "unit", "length"),
    ):
        lab.controls.view.value = view
        assert not lab.controls[free].disabled and lab.controls[held].disabled
        assert not lab.controls.view.disabled


def test_state_round_trip(lab):
    lab.controls.set({"view": "text", "text": "a red fox", "unit": 60, "cell": "gru"})
    again = RecurrentLab.from_state(json.loads(json.dumps(lab.state())))
    assert again.summary() == lab.summary() and again.state() == lab.state()
    again.close()


# The programs


@pytest.mark.parametrize(
    "values",
    [
        {"view": "adding", "cell": "lstm", "example": 5, "step": 20, "unit": 3},
        {
            "view": "text",
            "cell": "gru",
            "text": "the dogs that hear",
            "step": 4,
            "temperature": 0.7,
        },
        {"view": "gradient", "length": 12, "recurrent_scale": 1.3, "gate_bias": 2.0, "seed": 3},
    ],
    ids=["adding", "text", "gradient"],
)
@pytest.mark.parametrize("framework", ["dlkit", "keras"])
def test_the_programs_print_what_the_lab_shows(lab, values, framework):
    lab.controls.set(values)
    numbers = printed(getattr(lab.code(), framework))
    if values["view"] == "gradient":
        lines = [m for m in lab.chart().panels[0].marks if isinstance(m, Line)]
        shown = {line.label.split(",")[0]: line.y[0] for line in lines if "∂L/∂h" in line.label}
        assert shown.keys() == numbers.keys()
        for name, value in shown.items():
            assert numbers[name] == pytest.approx(value, rel=2e-3)
        return
    panel = lab.chart().panels[0]
    heat = next(m for m in panel.marks if isinstance(m, Heat))
    step, unit = lab.controls.step.value, lab.controls.unit.value
    state = numbers[f"h of unit {unit} after step {step}"]
    assert state == pytest.approx(heat.values[unit - 1, step - 1], abs=2e-4)
    if values["view"] == "adding":
        assert f"answers {numbers['answer']:.2f}" in panel.title
    else:
        shares = np.sort(probabilities(read_text("gru", values["text"]).outputs[-1], 0.7))[::-1]
        nexts = [value for name, value in numbers.items() if name.startswith("next")]
        np.testing.assert_allclose(nexts, shares[:3], atol=2e-4)


def test_the_marked_numbers_stand_inside_the_picture():
    lab = RecurrentLab()
    anchors = set()
    for sequence in range(1, 21):
        lab.controls.example.value = sequence
        panel = lab.chart().panels[0]
        (left, right), _ = panel.ranges()
        for mark in panel.marks:
            if isinstance(mark, Text) and "↓" in mark.text:
                anchors.add(mark.anchor)
                room = {"start": right - mark.x, "end": mark.x - left}
                room = room.get(mark.anchor, min(mark.x - left, right - mark.x))
                assert room > 3, f"sequence {sequence}: {mark.text} is cut off"
    assert len(anchors) > 1, "no number stood near an edge"
    lab.close()


@every_cell
@pytest.mark.parametrize("step", [1, 10, 60])
def test_the_unrolled_network_shows_its_numbers_and_the_same_weights_in_each_cell(cell, step):
    lab = RecurrentLab(view="unrolled", cell=cell, step=step, unit=3)
    (panel,) = lab.chart().panels
    boxes = [mark for mark in panel.marks if isinstance(mark, Box)]
    cells = [box for box in boxes if "W, U, b" in box.text]
    assert len(cells) == 5 and len({box.text for box in cells}) == 1
    (chosen,) = [box for box in cells if box.filled]
    x, h = (next(b.text for b in boxes if b.x == chosen.x and b.text[0] == name) for name in "xh")
    reading = read_adding(cell, 2)
    digits = str(step).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    assert x.startswith(f"x{digits}\n{reading.x[step - 1, 0]:.2f}")
    shown = float(h.removeprefix(f"h{digits}\n").replace("−", "-"))
    assert shown == pytest.approx(reading.hidden[step - 1, 2], abs=0.0051)
    assert ("↓" in x) == bool(reading.x[step - 1, 1])
    back = [m for m in panel.marks if isinstance(m, Arrow) and m.x1 < m.x0]
    ahead = [m for m in panel.marks if isinstance(m, Arrow) and m.x1 > m.x0 and m.y0 != chosen.y]
    assert len(back) == len(ahead) == (5 if step == 60 else 6)
    count = sum(values.size for values in adding_reader(cell).layers[0].parameters.values())
    assert f"{count:,} numbers in all" in panel.title and f"{count:,} numbers" in lab.sentence
    assert f"time step {step}," in lab.details()
    lab.close()


def test_the_candidate_is_drawn_with_the_gates(lab):
    labels = [mark.label for mark in lab.chart().panels[1].labelled()]
    assert "candidate g" in labels and "forget gate f" in labels


def test_a_step_that_is_not_the_chosen_one_is_said():
    lab = RecurrentLab(view="text", text="the cat", step=10)
    assert "8 steps" in lab.message and "at step 8:" in lab.chart().panels[1].title
    lab.controls.text.value = "the cats that see a dog sleep " * 4
    assert "step 62 is shown" in lab.message
    lab.controls.step.value = 62
    assert lab.message == ""
    lab.close()


@pytest.mark.parametrize(("cell", "curve"), [("lstm", "cell"), ("gru", "hidden")])
def test_the_challenge_looks_at_every_step(monkeypatch, cell, curve):
    lab = RecurrentLab(view="gradient", length=100, gate_bias=4.5)
    assert lab.met() is True
    found = lab._gradients()
    values = getattr(found[cell], curve).copy()
    values[50] = 0.05
    found[cell] = dataclasses.replace(found[cell], **{curve: values})
    monkeypatch.setattr(lab, "_gradients", lambda: found)
    assert lab.met() is False
    lab.close()


def test_of_a_long_text_a_step_is_taken_that_the_picture_shows():
    text = "the cats that see a dog sleep " * 3
    lab = RecurrentLab(view="text", text=text, step=10)
    for chosen, shown in ((10, 32), (80, 80), (121, 91)):
        lab.controls.step.value = chosen
        panel = lab.chart().panels[1]
        assert panel.x_range[0] < shown < panel.x_range[1]
        assert f"at step {shown}:" in panel.title and f"time step {shown}," in lab.details()
    lab.controls.view.value = "adding"
    assert "at step 60:" in lab.chart().panels[1].title and "60 steps" in lab.message
    lab.close()
