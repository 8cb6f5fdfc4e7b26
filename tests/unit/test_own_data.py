"""Data sets of our own making: the files are what their generators write, the truth files are true."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import dlkit
from dlkit import datasets
from dlkit.datasets import OWN

FOLDER = Path(__file__).parents[2] / "data"
NAMES = ("houses", "sensor", "sentences", "shapes")


def generator(name):
    return runpy.run_path(str(FOLDER / name / "generate.py"), run_name="generate")


def truth(name):
    return json.loads((FOLDER / name / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_generator_writes(name):
    made, path = generator(name), datasets.file_of(name)
    if name == "shapes":
        written = made["png"](made["sheet"]())
    else:
        written = (made["text"] if name == "sentences" else made["table"])().encode()
    assert path.read_bytes() == written
    assert (path.parent / "truth.json").read_bytes() == made["truth_file"]().encode()
    assert path.stat().st_size < 300_000


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_data_card(name):
    card = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    for heading in (
        "What it is.",
        "What it is for.",
        "How it was made.",
        "People.",
        "Licence.** CC0",
    ):
        assert heading in card


@pytest.mark.parametrize("name", OWN)
def test_the_seed_decides_the_parts(name):
    first, again = (datasets.get(name, seed=3, test_fraction=0.1) for _ in range(2))
    np.testing.assert_array_equal(first.x_train, again.x_train)
    assert first.name == name and first.x_test is not None
    if name != "sensor":
        assert not np.array_equal(first.x_validation, datasets.get(name, seed=4).x_validation)


# -- houses ----------------------------------------------------------------------------------------


def test_what_was_planted_in_the_houses_is_there():
    planted = truth("houses")["planted"]
    rows = [
        line.split(",") for line in datasets.file_of("houses").read_text("utf-8").splitlines()[1:]
    ]
    by_id = {row[0]: row for row in rows}
    assert len(rows) == 824 and len(by_id) == 800
    found = {
        "square feet": {row[0] for row in rows if row[1].endswith("sq ft")},
        "area missing": {row[0] for row in rows if not row[1]},
        "rooms as words": {row[0] for row in rows if row[2].isalpha()},
        "garden missing": {row[0] for row in rows if row[6] == "n/a"},
        "built impossible": {row[0] for row in rows if row[3] == "19"},
        "price missing": {row[0] for row in rows if not row[10]},
        "outlier in area": {
            row[0] for row in rows if row[1].endswith("m²") and float(row[1].split()[0]) > 300
        },
        "copied rows": {name for name in by_id if sum(row[0] == name for row in rows) == 2},
        "district spelt differently": {
            row[0] for row in rows if row[4] not in truth("houses")["district"]
        },
    }
    for fault, ids in found.items():
        assert ids == set(planted[fault]), fault
    assert set(planted) == set(found)


def test_preparation_finds_what_was_planted():
    planted = truth("houses")["planted"]
    ready = dlkit.prepare(datasets.file_of("houses"), "price")
    report = ready.report
    assert f"{len(planted['copied rows'])} rows that are copies" in report
    assert f"{len(planted['price missing'])} rows without price" in report
    assert [leak.column for leak in ready.leaks if leak.kind == "predicts the target"] == [
        "commission"
    ]
    for words in (
        "sq ft converted to m²",
        "garden holds no and yes",
        "other spellings",
        "id is left out",
    ):
        assert words in report
    data = ready.data
    assert len(data.x_train) + len(data.x_validation) == 800 - len(planted["price missing"])


def test_the_formula_of_the_price_is_the_truth():
    """A linear model in the right terms comes as close as the noise lets it."""
    made = generator("houses")
    ready = dlkit.prepare(datasets.file_of("houses"), "price", drop=["commission", "id"])
    from sklearn.ensemble import HistGradientBoostingRegressor

    data = ready.data
    model = HistGradientBoostingRegressor(random_state=0).fit(data.x_train, data.y_train[:, 0])
    assert model.score(data.x_validation, data.y_validation[:, 0]) > 0.85
    assert made["truth"](100, "Harbour", "A", 0, 0, 0) == 2600 * 100 * 1.15


# -- sensor ----------------------------------------------------------------------------------------


def test_what_was_planted_in_the_sensor_is_there():
    planted = truth("sensor")["planted"]
    lines = datasets.file_of("sensor").read_text("utf-8").splitlines()[1:]
    times = np.array([line.split(",")[0] for line in lines], "datetime64[h]")
    hours = (times - np.datetime64(truth("sensor")["start"], "h")).astype(int)
    missing = sorted(set(range(8760)) - set(hours.tolist()))
    assert missing == [
        hour for start, stop in planted["rows missing"] for hour in range(start, stop)
    ]
    empty = {int(h) for h, line in zip(hours, lines, strict=True) if line.endswith(",")}
    assert empty == set(planted["value empty"]) - set(missing)
    spikes = {int(h) for h, line in zip(hours, lines, strict=True) if line.endswith("99.99")}
    assert spikes == set(planted["spikes"]) - set(missing) - empty


def test_windows_of_the_sensor_hold_no_gap_and_no_error_value():
    data = datasets.sensor(window=12, test_fraction=0.1)
    for part in ("train", "validation", "test"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert x.shape[1:] == (12, 1) and np.abs(x).max() < 4 and np.abs(y).max() < 4
    # the weather remembers: the last hour says most about the next one
    last, target = data.x_validation[:, -1, 0], data.y_validation[:, 0]
    assert np.corrcoef(last, target)[0, 1] > 0.9


# -- sentences -------------------------------------------------------------------------------------


def test_every_sentence_obeys_the_grammar_and_spoilt_ones_do_not():
    obeys = generator("sentences")["obeys_grammar"]
    lines = datasets.file_of("sentences").read_text("utf-8").splitlines()
    assert len(lines) == 3000 and all(map(obeys, lines))
    random, caught, spoilt = np.random.default_rng(0), 0, 0
    for line in lines[:500]:
        words = line.split()
        place = int(random.integers(len(words)))
        for wrong in (
            words[:place] + words[place + 1 :],
            words[:place] + ["cat"] + words[place:],
            words[::-1],
        ):
            spoilt, caught = spoilt + 1, caught + (not obeys(" ".join(wrong)))
    assert caught / spoilt > 0.85  # leaving out an adjective, say, spoils nothing


@pytest.mark.parametrize(
    "line",
    [
        "", ".", "the cat", "the cat sleep .", "the cats sleeps .", "a cats sleep .", "some cat sleeps .",
        "the cat sees .", "the cat that see a dog sleeps .", "the cats that see a dog sleeps .",
        "the cat sleeps in the .", "the cat sleeps . .", "cat sleeps .", "the small small cat sleeps .",
        "the cat sleeps in the garden", "the cat that", "the cat that sees", "the", "the small",
    ],
)  # fmt: skip
def test_what_is_no_sentence(line):
    assert not generator("sentences")["obeys_grammar"](line)


def test_sentences_are_words_and_their_followers():
    data = datasets.sentences(length=22)
    np.testing.assert_array_equal(data.x_train[:, 1:], data.y_train[:, :-1])
    assert (data.x_train[:, 0] == 0).all() and data.output_dim == 45
    obeys = generator("sentences")["obeys_grammar"]
    for row in data.y_validation[:20]:
        assert obeys(" ".join(data.class_names[word] for word in row if word))
    rows = [set(map(bytes, part)) for part in (data.y_train, data.y_validation)]
    assert not rows[0] & rows[1]


# -- shapes ----------------------------------------------------------------------------------------


def test_each_shape_is_where_the_truth_says():
    made = generator("shapes")
    drawn, truths = made["pictures"]()
    assert truths == truth("shapes")["pictures"]
    place = np.arange(16) + 0.5
    for picture, each in zip(drawn[:200], truths[:200], strict=True):
        if each["kind"] == "triangle" or each["ink"] - each["paper"] < 90:
            continue  # its middle is not its centre of mass
        ink = np.clip(picture.astype(float) - each["paper"] - 15, 0, None)
        across = (ink.sum(0) * place).sum() / ink.sum()
        assert abs(across - each["x"]) < 0.6


def test_shapes_are_learned_in_seconds():
    from sklearn.neural_network import MLPClassifier

    data = datasets.shapes()
    assert data.input_shape == (16, 16, 1) and data.class_names[0] == "circle"
    assert (np.bincount(data.y_validation) == 50).all()
    x, x_validation = (part.reshape(len(part), -1) for part in (data.x_train, data.x_validation))
    model = MLPClassifier((32,), max_iter=30, random_state=0)
    with np.errstate(all="ignore"), pytest.warns():
        model.fit(x, data.y_train)
    assert model.score(x_validation, data.y_validation) > 0.5


def test_an_installed_copy_without_the_folder_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("dlkit.datasets.own.FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"data/shapes/shapes\.png.*digits\(\)"):
        datasets.shapes()
    with pytest.raises(ValueError, match="Did you mean 'houses'"):
        datasets.file_of("house")
