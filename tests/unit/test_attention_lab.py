"""AttentionLab: its numbers against plain sums, its trained models, what it writes, its challenge."""

import contextlib
import io
import itertools
import json
import math
import re
import time

import numpy as np
import pytest

from dlkit.datasets import characters
from dlkit.labs import AttentionLab, attention_models
from dlkit.labs.attention_models import SYMBOLS, look_inside, trained
from dlkit.labs.attention_sentence import FEATURES, PADDING, look, projections, word_vector
from dlkit.layers.positions import sinusoidal_table


def brute_force(tokens, heads, temperature, scaled, mask, positions, seed):
    """Weights and results of each head by sums over single numbers: no product of matrices."""
    d = FEATURES // heads
    maps = [w.tolist() for w in projections(seed)]
    table = sinusoidal_table(len(tokens), FEATURES)
    x = [
        [float(a + positions * b) for a, b in zip(word_vector(t, seed), table[i], strict=True)]
        for i, t in enumerate(tokens)
    ]
    q, k, v = (
        [
            [math.fsum(row[i] * w[i][j] for i in range(FEATURES)) for j in range(FEATURES)]
            for row in x
        ]
        for w in maps
    )
    weights = np.zeros((heads, len(tokens), len(tokens)))
    results = np.zeros((heads, len(tokens), d))
    for h, i in itertools.product(range(heads), range(len(tokens))):
        part = range(h * d, (h + 1) * d)
        seen = [
            j
            for j in range(len(tokens))
            if not (mask in ("causal", "both") and j > i)
            and not (mask in ("padding", "both") and tokens[j] == PADDING)
        ]
        scores = {
            j: math.fsum(q[i][c] * k[j][c] for c in part)
            / (math.sqrt(d) if scaled else 1)
            / temperature
            for j in seen
        }
        top = max(scores.values())
        total = math.fsum(math.exp(score - top) for score in scores.values())
        for j, score in scores.items():
            weights[h, i, j] = math.exp(score - top) / total
        for place, c in enumerate(part):
            results[h, i, place] = math.fsum(weights[h, i, j] * v[j][c] for j in seen)
    return weights, results


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"heads": 1, "scaled": False, "temperature": 2.5},
        {"heads": 8, "mask": "causal", "positions": 0.7},
        {"heads": 2, "mask": "padding", "padding": 2, "seed": 3},
        {"mask": "both", "padding": 3, "positions": 2.0, "temperature": 0.1, "scaled": False},
    ],
    ids=lambda s: "-".join(map(str, s)) or "plain",
)
def test_weights_and_results_are_those_of_plain_sums(settings):
    seen = look("the cat saw the dog", **settings)
    wanted = {
        "heads": 4,
        "temperature": 1.0,
        "scaled": True,
        "mask": "none",
        "positions": 0.0,
        "seed": 0,
    }
    wanted |= {name: value for name, value in settings.items() if name != "padding"}
    weights, results = brute_force(seen.tokens, **wanted)
    np.testing.assert_allclose(seen.weights, weights, atol=1e-12)
    np.testing.assert_allclose(seen.result, results, atol=1e-10)
    np.testing.assert_allclose(seen.weights.sum(axis=-1), 1, atol=1e-12)
    assert (seen.weights[:, seen.hidden] == 0).all()


def test_the_table_adds_up_to_the_result():
    lab = AttentionLab(query=3, heads=2, head=2)
    cells = re.findall(r"<td>([^<]*)</td>", lab.details())
    numbers = [
        float(cell.replace("−", "-")) if cell and cell != "hidden" else 0.0 for cell in cells
    ]
    table = np.array(numbers).reshape(-1, 8)  # q·k, score, share, weight, four parts of the value
    np.testing.assert_allclose(table[-1, 2:], table[:-1, 2:].sum(axis=0), atol=0.05)
    seen = look(lab.controls.sentence.value, heads=2)
    np.testing.assert_allclose(table[-1, 4:], seen.result[1, 2, :4], atol=0.006)
    np.testing.assert_allclose(table[:-1, 3], seen.weights[1, 2], atol=6e-4)
    np.testing.assert_allclose(table[:-1, 0] / math.sqrt(32), table[:-1, 1], atol=0.01)


def test_without_positions_the_same_word_has_the_same_row_and_the_order_does_not_count():
    seen = look("the cat saw the dog")
    np.testing.assert_array_equal(seen.weights[:, 0], seen.weights[:, 3])
    other = look("dog the saw cat the")
    order = [1, 3, 2, 4, 0]
    np.testing.assert_allclose(other.result[:, order], seen.result, atol=1e-12)
    assert (
        np.abs(look("the cat saw the dog", positions=0.5).weights[:, 0] - seen.weights[:, 0]).max()
        > 0.01
    )


def test_without_the_root_of_d_the_weights_saturate():
    def entropy(scaled):
        seen = look("the cat saw the dog and ran", heads=1, scaled=scaled)
        return np.mean([seen.entropy(0, row) for row in range(7)])

    assert entropy(scaled=False) < 0.4 < 1.2 < entropy(scaled=True)


def test_the_challenge_asks_for_a_sentence_of_your_own():
    lab = AttentionLab(mask="causal")
    assert lab.met() is False
    lab.controls.sentence.value = " The cat saw  the dog and ran"
    assert lab.met() is False
    lab.controls.sentence.value = "the dog saw the cat and ran"
    assert lab.met() is True


@pytest.mark.parametrize("sentence", ["", "(pad)"])
def test_without_a_word_the_padding_is_not_hidden_and_the_lab_says_so(sentence):
    lab = AttentionLab(sentence=sentence, mask="both", padding=2, query=2)
    assert "There is no word, so that the padding is not hidden" in lab.sentence
    cells = re.findall(r"<td>([^<]*)</td>", lab.details().split('<th scope="row">sum</th>')[1])
    assert float(cells[2]) > 0 and cells[3] == "1.000"
    for program in (lab.code().dlkit, lab.code().keras):
        number = float(re.search(r"(\d\.\d{4})\s*$", printed(program))[1])
        assert number == pytest.approx(lab._look().weights[0, 1].max(), abs=1e-4)
    lab.controls.mask.value = "causal"
    assert "There is no word" not in lab.sentence


def test_a_line_for_which_the_room_ran_out_is_not_called_ungrammatical():
    start = "the cats that see a dog that hears the old foxes"
    lab = AttentionLab(view="write", prompt=start)
    assert len(start) == 48 and lab.text == start[:47] and lab.ended and lab.full
    assert "room ran out" in lab.sentence and "breaks" not in lab.sentence
    assert "No room" in lab.chart().panels[0].title
    assert lab.step() == "" and "no room" in lab.message
    lab.controls.prompt.value = start[:46]
    step = {"before": 0.1, "after": 0.1, "rank": 1, "looked_at": "a", "steps_back": 0}
    lab._decisions = [{**step, "character": "x"}]
    assert lab.full and "room ran out" in lab.sentence
    lab.controls.prompt.value = "the cats sleep ."
    lab._decisions = [{**step, "character": "\n"}]
    assert lab.ended and not lab.full and "obeys" in lab.sentence


def test_letters_that_are_cut_are_said():
    lab = AttentionLab(view="trained")
    for letters, read in (("aheadbeachbed", "aheadbeach"), ("aheadzbeach", "aheadbeach")):
        lab.controls.letters.value = letters
        assert f"“{read}”" in lab.message and "left out" in lab.message
    lab.controls.letters.value = "AHEADBEACH"
    assert lab.message == ""


def test_the_challenge_is_met_by_the_mask_alone():
    lab = AttentionLab(sentence="the dog saw the cat and ran")
    assert lab.met() is False
    lab.controls.positions.value = 1.0
    assert not lab.met()  # it asks for positions at 0
    lab.controls.positions.value = 0.0
    for name, value in (
        ("heads", 8),
        ("temperature", 0.1),
        ("scaled", False),
        ("seed", 7),
        ("padding", 2),
    ):
        lab.controls[name].value = value
        assert not lab.met(), name
    lab.controls.mask.value = "padding"
    assert not lab.met()
    lab.controls.mask.value = "causal"
    assert lab.met() and "Challenge met" in lab.summary()
    lab.controls.sentence.value = "no word comes again"
    assert not lab.met()


@pytest.mark.parametrize("words", ["", "   ", "a " * 60, "ü & <b>ß</b> 中", "(pad)", "x" * 200])
def test_any_sentence_gives_a_picture_and_no_markup_of_its_own(words):
    lab = AttentionLab(padding=1, mask="both")
    lab.controls.sentence.value = words
    assert lab.chart().summary and "<b>" not in lab.details()
    assert "NaN" not in lab.summary() and "nan" not in lab.summary()
    lab.close()


# -- trained models ----------------------------------------------------------------------------------


def test_the_stored_models_do_what_the_lesson_says():
    data = attention_models.datasets.reverse_copy(seed=0)
    exam = (data.x_validation, data.y_validation)
    assert trained("reverser").evaluate(*exam)["accuracy"] >= 0.99
    assert trained("reverser_without_positions").evaluate(*exam)["accuracy"] < 0.5
    x, y = characters.windows(attention_models.CONTEXT)
    assert trained("language_model").evaluate(x[:300], y[:300])["loss"] < 0.4


@pytest.mark.full
def test_the_stored_models_are_what_the_script_makes(tmp_path):
    said = attention_models.write_files(tmp_path)
    assert said["reverser"] >= 0.99 > 0.5 > said["reverser_without_positions"]
    for name in attention_models.TRAINED:
        again = attention_models.Network.load(tmp_path / f"{name}.npz")
        stored = trained(name)
        assert again.segments == stored.segments and again.seed == stored.seed
        tokens = np.arange(10) % 8 if "reverser" in name else characters.encode("\nthe cats slee")
        mine, theirs = look_inside(again, tokens)[0], look_inside(stored, tokens)[0]
        if "without" not in name:  # sure of themselves, so that rounding changes no answer
            assert mine[-1].argmax() == theirs[-1].argmax()


def test_with_positions_the_encoder_looks_at_the_mirrored_place():
    lab = AttentionLab(view="trained", letters="aheadbeach")
    assert "“hcaebdaeha”: 10 of 10 letters right" in lab.summary()
    mirrored = float(re.search(r"lies (0\.\d+) of the weight", lab.summary())[1])
    lab.controls.model.value = "reverser_without_positions"
    lost = float(re.search(r"lies (0\.\d+) of the weight", lab.summary())[1])
    assert mirrored > 0.4 > 0.25 > lost


def test_no_head_of_the_language_model_looks_ahead_and_padding_changes_nothing():
    tokens = characters.encode("\nthe cats sleep .")
    outputs, weights = look_inside(trained("language_model"), tokens)
    for layer in weights:
        np.testing.assert_array_equal(np.triu(layer, 1), 0)
        np.testing.assert_allclose(layer.sum(axis=-1), 1, atol=1e-5)
    shorter, _ = look_inside(trained("language_model"), tokens[:9])
    np.testing.assert_allclose(outputs[:9], shorter, atol=1e-6)


def test_the_weights_shown_are_those_of_the_formula():
    network = trained("language_model")
    tokens = characters.encode("\nthe cats ")
    _, weights = look_inside(network, tokens)
    x = np.zeros((1, 48), dtype="int64")
    x[0, : len(tokens)] = tokens
    block = network.layers[2]  # its first norm stands before its attention
    norm = block.steps[0].norm
    at = network.layers[1].forward(network.layers[0].forward(x))
    z = norm.forward(at)[0].astype("float64")
    p = {name: array.astype("float64") for name, array in block.attention.parameters.items()}
    q, k = (z @ p[f"{name}/kernel"] + p[f"{name}/bias"] for name in ("query", "key"))
    d = q.shape[1] // 4
    for head, t in itertools.product(range(4), range(len(tokens))):
        part = slice(head * d, (head + 1) * d)
        scores = [math.fsum(q[t, part] * k[j, part]) / math.sqrt(d) for j in range(t + 1)]
        shares = np.exp(np.array(scores) - max(scores))
        np.testing.assert_allclose(weights[0][head, t, : t + 1], shares / shares.sum(), atol=1e-4)


# -- writing -------------------------------------------------------------------------------------------


def test_it_writes_step_by_step_what_it_writes_at_once():
    lab = AttentionLab(view="write", prompt="the cats ", draw_seed=4)
    line = lab.write_line()
    assert line.startswith("the cats ") and lab.ended
    assert lab.step() == "" and "end" in lab.message
    lab.reset()
    assert lab.text == "the cats " and not lab.message
    written = ""
    while character := lab.step():
        written += character
    assert "the cats " + written.removesuffix("\n") == line
    assert lab.details().count("<tr>") <= 13


def test_top_k_of_one_takes_the_favourite_whatever_the_luck():
    lines = {
        AttentionLab(
            prompt="the dog ", top_k=1, draw_seed=seed, sampling_temperature=3.0
        ).write_line()
        for seed in (0, 1, 2)
    }
    assert len(lines) == 1 and characters.obeys_grammar(lines.pop())


def test_probabilities_before_and_after_are_those_of_the_model():
    lab = AttentionLab(view="write", prompt="the cats ", sampling_temperature=0.5, top_k=3)
    before, after, _ = lab._next()
    outputs, _ = look_inside(trained("language_model"), characters.encode("\nthe cats "))
    np.testing.assert_allclose(before, outputs[-1], atol=1e-6)
    best = np.sort(before)[::-1][:3] ** 2
    np.testing.assert_allclose(np.sort(after)[::-1][:3], best / best.sum(), rtol=1e-6)
    assert (after > 0).sum() == 3


def test_what_the_model_does_not_know_is_left_out_and_said():
    lab = AttentionLab(view="write")
    lab.controls.prompt.value = "The Cats, 7 of them\n" + "x" * 60
    assert lab.text == ("the cats  of them" + "x" * 60)[:47] and "lower case" in lab.message
    lab.controls.prompt.value = ""
    assert lab.message == "" and "favourite" in lab.summary()
    lab.controls.view.value = "trained"
    lab.controls.letters.value = "zebra"
    assert "ten letters" in lab.message or "10 letters" in lab.message
    assert "“ebaaaaaaaa”" in lab.summary()


def test_state_goes_through_json_with_what_was_written():
    lab = AttentionLab(view="write", prompt="a bird ", layer=1, model_head=3)
    lab.step(), lab.step()
    state = json.loads(json.dumps(lab.state()))
    again = AttentionLab.from_state(state)
    assert again.text == lab.text and again.summary() == lab.summary()
    assert again.write_line() == lab.write_line()
    with pytest.raises(TypeError, match="decisions"):
        AttentionLab.from_state({**state, "decisions": [{"character": 3}]})


@pytest.mark.parametrize(
    "values, words",
    [
        ({"sentense": "a"}, "sentence"),
        ({"sentence": 3}, "sentence must be a text"),
        ({"sentence": "x" * 300}, "200 characters"),
        ({"mask": "casual"}, "causal"),
        ({"temperature": 0}, "temperature"),
        ({"top_k": 4}, "top_k"),
        ({"view": "writes"}, "write"),
    ],
)
def test_wrong_values_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=words):
        AttentionLab(**values)


# -- code ----------------------------------------------------------------------------------------------


def printed(program):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    return said.getvalue()


@pytest.mark.parametrize(
    "values",
    [
        {"query": 5, "heads": 8, "head": 3, "positions": 0.35, "mask": "causal"},
        {"scaled": False, "temperature": 0.7, "mask": "both", "padding": 2, "query": 4},
        {"view": "trained", "place": 4},
        {"view": "trained", "model": "language_model", "place": 12, "layer": 2, "model_head": 3},
        {"view": "write", "prompt": "the cats that see a dog ", "top_k": 3},
    ],
    ids=["causal", "unscaled", "reverser", "language model", "writing"],
)
def test_both_programs_print_the_numbers_of_the_lab(values):
    lab = AttentionLab(**values)
    shown = float(re.search(r"(?:weight|favourite with) (\d\.\d+)", lab.summary())[1])
    for program in (lab.code().dlkit, lab.code().keras):
        assert len(program.splitlines()) <= 40
        number = float(re.search(r"(\d\.\d{4})\s*$", printed(program))[1])
        assert abs(number - shown) <= 0.0051, program
    lab.close()


def test_it_is_drawn_quickly_and_hides_what_a_view_does_not_use():
    lab = AttentionLab(sentence="one two three four five six seven eight", padding=3)
    for view, used, unused in (
        ("sentence", "mask", "prompt"),
        ("trained", "model", "mask"),
        ("write", "top_k", "place"),
    ):
        lab.controls.view.value = view
        assert lab.controls[used].layout.display is None
        assert lab.controls[unused].layout.display == "none"
        times = []
        for _ in range(5):
            start = time.perf_counter()
            lab.refresh()
            times.append(time.perf_counter() - start)
        assert min(times) < 0.06, view
    assert set(SYMBOLS) == set("abcdefgh")
    lab.close()
