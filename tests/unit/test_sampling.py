"""Sampling: temperature and top-k against the softmax of logits, draws against counts, texts."""

import numpy as np
import pytest

from dlkit import Network, activations, sampling
from dlkit.datasets import characters
from dlkit.layers import Dense, Embedding, TransformerDecoder

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 7))
P = activations.softmax(LOGITS)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 3.0])
def test_temperature_divides_the_logits(temperature):
    found = sampling.candidates(P, temperature)
    np.testing.assert_allclose(found, activations.softmax(LOGITS / temperature), rtol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 6, 7, 50])
def test_top_k_keeps_the_k_largest_in_their_proportion(k):
    found = sampling.candidates(P, 1.0, k)
    for p, q in zip(P.reshape(-1, 7), found.reshape(-1, 7), strict=True):
        kept = sorted(range(7), key=lambda i: -p[i])[:k]
        assert set(np.flatnonzero(q)) == set(kept)
        np.testing.assert_allclose(q[kept], p[kept] / p[kept].sum())


def test_of_equal_ones_the_first_stay_and_zeros_stay_zero():
    np.testing.assert_allclose(sampling.candidates([0.25] * 4, 2.0, 2), [0.5, 0.5, 0, 0])
    np.testing.assert_allclose(sampling.candidates([0.5, 0.0, 0.5], 0.1), [0.5, 0, 0.5])
    np.testing.assert_allclose(sampling.candidates([1.0, 0.0], 3.0, 2), [1, 0])


def test_a_draw_takes_the_token_where_the_sum_passes():
    p = [0.2, 0.0, 0.5, 0.3]
    for u, token in ((0.0, 0), (0.19, 0), (0.2, 2), (0.69, 2), (0.71, 3), (0.999, 3)):
        assert sampling.draw(p, u) == token
    many = sampling.draw(np.tile(p, (20_000, 1)), np.random.default_rng(1).random(20_000))
    np.testing.assert_allclose(np.bincount(many, minlength=4) / 20_000, p, atol=0.015)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: sampling.candidates(LOGITS), "softmax"),
        (lambda: sampling.candidates(P, 0), "temperature"),
        (lambda: sampling.candidates(P, 1.0, 0), "top_k"),
        (lambda: sampling.draw(P[0], [0.1, 0.2]), "u"),
        (lambda: sampling.draw(P[0, 0], 1.0), "u must be"),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


@pytest.fixture
def network():
    layers = [Embedding(5, 8), TransformerDecoder(8, 2, dropout=0.0), Dense(5, "softmax")]
    return Network(layers, (12,), seed=3)


def test_texts_end_at_the_end_token_and_depend_on_the_seed_alone(network):
    texts = sampling.write(network, [0, 2], count=40, seed=5)
    assert len(texts) == 40 and all(0 not in text for text in texts)
    assert max(map(len, texts)) <= 10 and min(map(len, texts)) < 10
    again = sampling.write(network, [0, 2], count=40, seed=5)
    assert all(map(np.array_equal, texts, again))
    other = sampling.write(network, [0, 2], count=40, seed=6)
    assert not all(map(np.array_equal, texts, other))
    with pytest.raises(ValueError, match="prompt must have 1 to 11"):
        sampling.write(network, [0] * 12)


def test_greedy_text_is_what_stepwise_prediction_gives(network):
    (text,) = sampling.write(network, [0], top_k=1, end=4)
    written = [0]
    while len(written) < 12:
        x = np.zeros((1, 12))
        x[0, : len(written)] = written
        best = int(network.predict(x)[0, len(written) - 1].argmax())
        if best == 4:
            break
        written.append(best)
    assert text.tolist() == written[1:]


# -- the sentences as characters -------------------------------------------------------------------


def test_windows_begin_with_a_line_and_the_truth_is_one_ahead():
    x, y = characters.windows(48)
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    assert (x[:, 0] == 0).all() and len(x) > 2000
    first = characters.decode(x[0])[1:].split("\n")[0]
    assert first in characters.lines() and len(first) < 48
    whole = {line for piece in x[:50] for line in characters.decode(piece).split("\n")[1:-1]}
    assert all(len(line) < 48 and line in characters.lines() for line in whole)


def test_text_there_and_back_and_the_grammar():
    text = "\nthe cats sleep ."
    assert characters.decode(characters.encode(text)) == text
    assert characters.decode(characters.encode("")) == ""  # a line may end at once
    assert characters.obeys_grammar("the cats sleep .")
    assert not characters.obeys_grammar("the cats sleeps .")
    assert all(map(characters.obeys_grammar, characters.lines()[:200]))
    assert characters.is_new("the cats sleeps .") and not characters.is_new(characters.lines()[7])
    for wrong in ("The cats", "a1"):
        with pytest.raises(ValueError, match="text must be made of"):
            characters.encode(wrong)
    with pytest.raises(ValueError, match="each of numbers"):
        characters.decode([27])
