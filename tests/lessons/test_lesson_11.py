"""Lesson 11: what it claims of trained models, as the mean of five seeds on fixed splits, none picked."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from dlkit import Network, datasets, optimizers, sampling
from dlkit.datasets import characters
from dlkit.labs.attention_models import (
    language_model,
    look_inside,
    reverser,
    train_language_model,
    train_reverser,
    trained,
)
from dlkit.layers import (
    Dense,
    Embedding,
    PositionalEncoding,
    TransformerDecoder,
    TransformerEncoder,
)

SEEDS = range(5)
LESSON = Path(__file__).parents[2] / "notebooks" / "11_transformer.ipynb"


def judged(network, count=100, temperature=0.85, seed=1):
    """Return the share of lines that obey the grammar, and the share of those that are new."""
    written = sampling.write(network, [0], count, temperature, seed=seed)
    lines = [characters.decode(line) for line in written]
    good = [line for line in lines if characters.obeys_grammar(line)]
    return len(good) / count, np.mean([characters.is_new(line) for line in good]) if good else 0.0


def test_an_encoder_needs_positions_to_write_backwards():
    with_positions = np.mean([train_reverser(reverser(True, seed)) for seed in SEEDS])
    assert with_positions >= 0.99
    without = np.mean([train_reverser(reverser(False, seed)) for seed in SEEDS[:2]])
    rows = datasets.reverse_copy(seed=0).y_validation
    most = np.mean([np.bincount(row).max() / 10 for row in rows])
    assert abs(without - most) < 0.03  # as good as the most frequent letter, ten times


@pytest.mark.full
def test_more_training_does_not_help_an_encoder_without_positions():
    for epochs in (4, 30):
        scores = [train_reverser(reverser(False, seed), epochs=epochs) for seed in SEEDS]
        assert np.mean(scores) < 0.5, scores


def test_the_stored_language_model_obeys_the_grammar_with_new_sentences():
    obey, new = judged(trained("language_model"))
    assert obey >= 0.8 and new >= 0.5, (obey, new)


def verb_is_right(network, beginning, one):
    """Return whether the model would rather write "runs" than "run" exactly if it should."""
    p = look_inside(network, characters.encode(f"\n{beginning} run"))[0][-1]
    return (p[characters.encode("s")[0]] > p[characters.encode(" ")[0]]) == one


def agreement(network):
    """Return how often a verb goes with its subject: right behind it, and behind another noun."""
    nouns = {"cat": "cats", "dog": "dogs", "fox": "foxes", "bird": "birds", "child": "children"}
    near, far = [], []
    for one, many in nouns.items():
        near += [verb_is_right(network, f"the {one}", True)]
        near += [verb_is_right(network, f"the {many}", False)]
        for other, others in nouns.items():
            far += [verb_is_right(network, f"the {one} that sees some {others}", True)]
            far += [verb_is_right(network, f"the {many} that see a {other}", False)]
    return np.mean(near), np.mean(far)


def test_the_stored_language_model_agrees_with_the_nearest_noun():
    near, far = agreement(trained("language_model"))
    assert near >= 0.95 and far < 0.75, (near, far)


@pytest.mark.full
def test_language_models_obey_the_grammar_with_new_sentences():
    found = []
    for seed in SEEDS:
        network = language_model(seed)
        assert train_language_model(network) < 0.4
        found.append((*judged(network, count=300), *agreement(network)))
        assert judged(network, temperature=2.0)[0] < 1 / 3
    obey, new, near, far = np.mean(found, axis=0)
    assert obey >= 0.8 and new >= 0.5, found
    assert near >= 0.95 and far < 0.75, found


@pytest.mark.full
def test_without_a_causal_mask_the_loss_is_near_nothing_and_the_lines_are_worthless():
    x, y = characters.windows(48)
    for block, cheats in ((TransformerEncoder, True), (TransformerDecoder, False)):
        losses, shares = [], []
        for seed in SEEDS:
            layers = [
                Embedding(27, 48),
                PositionalEncoding(kind="learned"),
                block(96, num_heads=4, dropout=0.0, normalize_first=True),
                Dense(27, "softmax"),
            ]
            network = Network(layers, (48,), seed=seed)
            network.fit(x, y, optimizer=optimizers.Adam(0.008), epochs=2, batch_size=16)
            losses.append(network.evaluate(x, y)["loss"])
            shares.append(judged(network)[0])
        if cheats:
            assert max(losses) < 0.05 and max(shares) < 0.02, (losses, shares)
        else:
            assert min(losses) > 0.3 and min(shares) > 0.02, (losses, shares)


@pytest.mark.full
def test_the_translator_of_the_lesson_learns_from_every_seed():
    """Its cells are run as they stand in the notebook, with five seeds."""
    cells = [cell.source for cell in nbformat.read(LESSON, as_version=4).cells]
    names = {"np": np, "datasets": datasets, "Dense": Dense, "Embedding": Embedding,
             "PositionalEncoding": PositionalEncoding, "TransformerEncoder": TransformerEncoder,
             "TransformerDecoder": TransformerDecoder}  # fmt: skip
    for start in (
        r"START = 8",
        r"from dlkit import losses, optimizers\n\n\ndef train",
        "def translate",
    ):
        (cell,) = [cell for cell in cells if re.match(start, cell)]
        functions = cell.partition("\n\n\nshort = ")[0]
        exec(compile(functions, "cell", "exec"), names)
    short = datasets.reverse_copy(seed=0, length=8)
    shares = []
    for seed in SEEDS:
        parts = names["translator"](seed * 10)
        names["forward"](parts, short.x_train[:2], np.full((2, 8), 8))
        names["train"](parts, short.x_train, short.y_train, epochs=6)
        written = names["translate"](parts, short.x_validation)
        shares.append((written == short.y_validation).mean())
    assert np.mean(shares) > 0.99, shares
