"""What once went through without a word, or with words that nobody could use, and did something else."""

import shlex
import time
import zipfile

import numpy as np
import pandas
import pytest
from fake_engine import FakeEngine
from PIL import Image

from dlkit import (
    NeuralNetworkClassifier,
    TrainingConfig,
    TrainingJob,
    activations,
    cli_train,
    compare,
    datasets,
    diagnose,
    export_script,
    optimizers,
    prepare,
    schedules,
    sweep,
)
from dlkit.preparation import read_csv
from dlkit.training import ReduceLROnPlateau
from dlkit.training.trials import build_mlp

MOONS = datasets.moons(samples=60)
QUICK = TrainingConfig(epochs=2, batch_size=16)


def table(rows=60):
    x = np.random.default_rng(0).normal(size=rows)
    return pandas.DataFrame({"id": np.arange(rows) // 3, "x": x, "y": x**2})


# Training


def test_a_step_to_the_end_of_the_epoch_waits_for_the_chunk_that_a_pause_finds():
    config = TrainingConfig(epochs=3, early_stopping=False)
    job = TrainingJob(FakeEngine(batches=60, seconds=0.003), None, config)
    job.start()
    time.sleep(0.05)
    job.pause()
    job.step(epochs=1)
    assert (job.status.epoch, job.status.batch) == (1, 60)


def test_clipping_and_decay_stay_when_the_optimizer_is_an_object():
    config = TrainingConfig(clipnorm=1.0, weight_decay=0.1)
    assert config.replace(optimizer=optimizers.SGD(0.01)).clipnorm == 1.0
    decayed = config.replace(optimizer=optimizers.SGD(0.01, weight_decay=0.2))
    assert decayed.weight_decay == 0.2
    assert decayed.build_optimizer().get_config()["clipnorm"] == 1.0


@pytest.mark.parametrize(
    ("settings", "config", "cause"),
    [
        (
            {},
            QUICK.replace(learning_rate_schedule=schedules.ExponentialDecay(0.1, 10, 0.9)),
            "schedule",
        ),
        ({"optimizer": [optimizers.SGD(0.5)]}, QUICK, "optimizer object"),
    ],
)
def test_a_learning_rate_without_effect_is_not_tried(settings, config, cause):
    with pytest.raises(ValueError, match=f"no effect.*{cause}"):
        sweep(MOONS, {"learning_rate": [0.01, 0.1], **settings}, config, seeds=1)


def test_variants_have_the_same_epochs_to_find_their_learning_rate():
    variants = {"short": {"epochs": 2}, "long": {"epochs": 6}}
    config = QUICK.replace(early_stopping=False)
    rates = [0.01, 0.1]
    found = compare(MOONS, variants, config, seeds=1, learning_rates=rates, tuning_epochs=3)
    assert {name: set(each.table["epochs"]) for name, each in found.tuning.items()} == {
        "short": {3},
        "long": {3},
    }
    assert [len(found.histories[name][0]) for name in variants] == [2, 6]


def test_a_seed_among_the_settings_of_a_variant_is_refused():
    with pytest.raises(ValueError, match="must not set seed.*seeds="):
        compare(MOONS, {"a": {"seed": 1}, "b": {}}, QUICK)
    with pytest.raises(ValueError, match="epochs must be"):
        compare(MOONS, {"a": {"epochs": 0}, "b": {}}, QUICK)


@pytest.mark.parametrize("values", [{"adam", "sgd"}, {"adam": 1}, np.array("adam")])
def test_values_without_an_order_are_no_list_to_sweep(values):
    with pytest.raises(ValueError, match="list of one or more values for 'optimizer'"):
        sweep(MOONS, {"optimizer": values}, QUICK)


def test_class_weights_that_cost_loss_and_accuracy_are_no_fault():
    steps = np.arange(30)
    loss = 1.3 * np.exp(-steps / 5) + 0.5
    history = {"loss": loss, "val_loss": loss - 0.2, "accuracy": 0.85 - 0.3 * np.exp(-steps / 5)}
    y = np.arange(200) % 20 == 0
    data = datasets.Data(np.ones((200, 1)) * y[:, None], y.astype(int))
    run = type("Run", (), {"history": history, "config": QUICK})()
    assert diagnose(run, data).label == "not_learning"
    run.config = QUICK.replace(class_weight={1: 19.0})
    assert diagnose(run, data).label not in ("not_learning", "underfitting")


# Preparation


def test_dates_with_points_are_dates_beside_numbers_with_points(tmp_path):
    path = tmp_path / "sales.csv"
    rows = [f"{1 + i % 28:02d}.{1 + i % 12:02d}.2024;{1 + i}.{200 + i},50;{i}" for i in range(60)]
    path.write_text("\n".join(["date;price;n", *rows]), encoding="utf-8")
    found = read_csv(path)
    assert found["date"][0] == "01.01.2024"
    assert found["price"][0] == 1200.5
    assert found["n"].dtype.kind == "i"
    names = prepare(path, "price").data.feature_names
    assert "date (days)" in names


def test_large_class_labels_keep_their_digits():
    labelled = table().assign(y=lambda t: np.where(t.x > 0, 1_000_001, 1_000_002))
    data = prepare(labelled, "y", task_type="classification").data
    assert data.class_names == ("1000001", "1000002")
    halves = table().assign(y=lambda t: np.where(t.x > 0, 0.5, 2.0))
    assert prepare(halves, "y", task_type="classification").data.class_names == ("0.5", "2")


@pytest.mark.parametrize("argument", ["group", "time"])
def test_a_column_that_the_split_needs_cannot_be_dropped(argument):
    with pytest.raises(ValueError, match=f"drop must not hold 'id', which {argument} names"):
        prepare(table(), "y", drop=["id"], **{argument: "id"})


def test_a_column_of_lists_is_named():
    with pytest.raises(TypeError, match="column 'tags' holds lists"):
        prepare(table().assign(tags=[["a", "b"]] * 60), "y")


def test_dates_of_long_ago_are_dates():
    dates = [f"{1500 + i}-03-01" for i in range(60)]
    found = prepare(table().assign(born=dates), "y")
    assert "born (days)" in found.data.feature_names
    modern = prepare(table().assign(born=[f"19{10 + i}-03-01 06:00" for i in range(60)]), "y")
    start = next(column.start for column in modern.columns if column.name == "born")
    assert start % 1 == 0.25


def test_columns_with_names_in_two_levels_are_named_by_texts():
    two = table()
    two.columns = pandas.MultiIndex.from_tuples([("a", "id"), ("a", "x"), ("b", "y")])
    assert prepare(two, "('b', 'y')").data.target_name == "('b', 'y')"


def test_a_category_is_not_called_like_another_column():
    city = np.where(table().x > 0, "Oslo", "Voss")
    data = prepare(table().assign(city=city, city_Oslo=table().x.abs()), "y").data
    assert {"city_Oslo", "city = Oslo", "city_Voss"} <= set(data.feature_names)


def test_what_an_order_does_not_name_is_said():
    size = np.array(["small", "large", "huge"])[np.arange(60) % 3]
    found = prepare(table().assign(size=size), "y", ordinal={"size": ["small", "large"]})
    assert "not in it ('huge') counts as missing" in found.report


def test_classes_that_differ_in_case_alone_are_said():
    answers = np.array(["Yes", "no", "yes"])[np.arange(60) % 3]
    found = prepare(table().assign(y=answers), "y")
    assert "y: other spellings of a class joined, 'yes' read as 'Yes'." in found.notes
    letters = np.array(["A", "b", "a"])[np.arange(60) % 3]
    found = prepare(table().assign(y=letters), "y")
    assert "'A' and 'a' are counted as different classes" in found.report


# Estimators


def fitted(**settings):
    x = np.random.default_rng(0).normal(size=(60, 3))
    settings = {"hidden_layers": (4,), "epochs": 2, "random_state": 0, **settings}
    return NeuralNetworkClassifier(**settings).fit(x, (x[:, 0] > 0).astype(int))


def test_a_saved_estimator_has_the_parameters_it_had(tmp_path):
    path = tmp_path / "network.dlkit"
    model = fitted(hidden_layers=tuple(np.array([4, 2])))
    model.save(path)
    assert NeuralNetworkClassifier.load(path).get_params() == model.get_params()


def test_an_estimator_with_an_object_for_a_parameter_says_so_when_saved(tmp_path):
    path = tmp_path / "network.dlkit"
    with pytest.raises(TypeError, match="activation must be a name"):
        fitted(activation=activations.relu).save(path)
    assert not path.exists()


def test_a_validation_fraction_that_takes_all_samples_is_named():
    with pytest.raises(ValueError, match="validation_fraction must leave samples"):
        fitted(validation_fraction=0.99)


@pytest.mark.parametrize(("place", "value"), [(8, 1), (10, 99), (10, 8)])
def test_a_file_packed_in_another_way_is_no_file_of_an_estimator(tmp_path, place, value):
    path = tmp_path / "network.dlkit"
    fitted().save(path)
    with zipfile.ZipFile(path) as archive:
        start = archive.start_dir
    content = bytearray(path.read_bytes())
    content[start + place] = value  # flags, or the method, of the first file
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no file of a NeuralNetworkClassifier"):
        NeuralNetworkClassifier.load(path)


# Images and scripts


@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_images_of_sixteen_bits_keep_their_greys(tmp_path, colour):
    greys = np.arange(64).reshape(8, 8) * 1040  # up to 65520
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            image = Image.fromarray(greys.astype("uint16"))
            image.save(tmp_path / name / f"{number}.png")
    x = datasets.image_folder(tmp_path, (8, 8), colour).x_train
    np.testing.assert_allclose(x[0, :, :, 0], greys / 65535, atol=0.5 / 255)


def test_images_of_fractions_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("F", (8, 8)).save(tmp_path / name / "1.tif")
    with pytest.raises(ValueError, match="its pixels are fractions"):
        datasets.image_folder(tmp_path)


def test_a_script_for_keras_watches_what_the_run_has_watched(tmp_path):
    data = datasets.Data(MOONS.x_train, MOONS.y_train)
    config = QUICK.replace(plateau=ReduceLROnPlateau(patience=1))
    job = TrainingJob(build_mlp(data, 0), data, config)
    job.start()
    job.wait()
    script, *_ = export_script(job, tmp_path / "my_run.py", "keras")
    assert "ReduceLROnPlateau(monitor='loss'" in script.read_text(encoding="utf-8")


# The command line


def test_the_command_that_goes_on_can_be_typed_on_windows(monkeypatch):
    words = ["dlkit", "train", "C:\\my data\\prices.csv", "--out", "runs\\prices", "--resume"]
    monkeypatch.setattr(cli_train.os, "name", "nt")
    typed = cli_train._typed(words)
    monkeypatch.undo()
    assert typed == 'dlkit train "C:\\my data\\prices.csv" --out runs\\prices --resume'
    assert shlex.split(cli_train._typed(words)) == words
