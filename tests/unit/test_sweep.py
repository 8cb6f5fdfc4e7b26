"""sweep and compare: every combination is trained, nothing is lost, and the answer is honest."""

import base64
import io
import os
import re
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from PIL import Image

from dlkit import Network, TrainingConfig, TrainingJob, compare, datasets, layers, plots, sweep
from dlkit.display.svg import to_svg
from dlkit.training.sweep import Sweep
from dlkit.training.trials import Trial, build_mlp, run_trials

MOONS = datasets.moons(samples=60)
QUICK = TrainingConfig(epochs=2, batch_size=16)


def conv(data, seed, filters=2):
    stack = [layers.Conv2D(filters, 3), layers.Flatten(), layers.Dense(data.output_dim, "softmax")]
    return Network(stack, data.input_shape, seed=seed)


def test_every_combination_is_trained_with_every_seed():
    space = {"learning_rate": [0.001, 0.1], "batch_size": [8, 64], "width": [3, 9]}
    found = sweep(MOONS, space, QUICK, seeds=[4, 7])
    assert len(found.trials) == len(found.table) == 16
    rows = {tuple(row) for row in found.table[[*space, "seed"]].to_numpy().tolist()}
    assert len(rows) == 16
    assert len(found.summary) == 8
    assert (found.summary["runs"] == 2).all()


def test_a_run_of_the_sweep_is_the_run_of_a_job():
    found = sweep(MOONS, {"learning_rate": [0.01, 0.03], "width": [5]}, QUICK, seeds=[3, 4])
    config = QUICK.replace(learning_rate=0.03, seed=4)
    job = TrainingJob(build_mlp(MOONS, 4, width=5), MOONS, config)
    job.start()
    job.wait()
    ours = found.history(seed=4, learning_rate=0.03)
    np.testing.assert_allclose(ours.history["val_loss"], job.history.history["val_loss"], rtol=1e-5)


def test_the_best_is_the_best_mean_and_the_spread_is_that_of_the_seeds():
    found = sweep(MOONS, {"learning_rate": [1e-6, 0.05]}, QUICK.replace(epochs=8), seeds=3)
    assert found.best == {"learning_rate": 0.05}
    values = found.table.query("learning_rate == 0.05")["val_accuracy"]
    assert found.summary["mean"][0] == pytest.approx(values.mean())
    assert found.spread == pytest.approx(values.std(ddof=1))


def test_random_draws_are_fixed_by_the_seed_and_take_distributions():
    from scipy.stats import loguniform

    space = {"learning_rate": loguniform(1e-4, 1e-1), "optimizer": ["sgd", "adam"]}
    draws = [
        sweep(MOONS, space, QUICK, method="random", samples=4, seeds=1, seed=s) for s in (1, 1, 2)
    ]
    rates = [tuple(found.table["learning_rate"]) for found in draws]
    assert rates[0] == rates[1] != rates[2]
    assert len(set(rates[0])) == 4
    assert all(1e-4 <= rate <= 1e-1 for rate in rates[0])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_models_of_your_own_in_one_process_or_two(n_jobs):
    digits = datasets.digits()
    config = TrainingConfig(epochs=1, learning_rate=0.01)
    found = sweep(digits, {"filters": [1, 2]}, config, seeds=1, build=conv, n_jobs=n_jobs)
    assert list(found.table["filters"]) == [1, 2]
    assert found.table["val_accuracy"].max() > 0.3


def test_what_joblib_is_set_to_holds_for_sweep_and_compare():
    together = threading.Barrier(2, timeout=20)  # passed by two jobs at once alone
    workers = set()

    def build(data, seed, filters=2):
        if threading.current_thread() is not threading.main_thread():
            workers.add(together.wait())
        return conv(data, seed, filters)

    digits, config = datasets.digits(), TrainingConfig(epochs=1)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        sweep(digits, {"filters": [1, 2]}, config, seeds=1, build=build)
        assert workers == {0, 1}
        workers.clear()
        compare(digits, ["sgd", "adam"], config, seeds=1, learning_rates=None, build=build)
        assert workers == {0, 1}
        workers.clear()
        sweep(digits, {"filters": [1, 2]}, config, seeds=1, build=build, n_jobs=1)
    assert not workers


def test_a_diverged_run_counts_as_the_worst():
    data = datasets.sine(samples=60)
    config = QUICK.replace(optimizer="sgd", early_stopping=False)
    found = sweep(data, {"learning_rate": [0.01, 1e200]}, config, seeds=2)
    assert found.metric == "val_loss"
    assert found.best == {"learning_rate": 0.01}
    assert list(found.summary["diverged"]) == [0, 2]
    assert found.summary["mean"][1] == np.inf


def test_where_every_run_diverged_there_is_no_best():
    data, config = datasets.sine(samples=60), QUICK.replace(optimizer="sgd", early_stopping=False)
    found = sweep(data, {"learning_rate": [1e200, 1e201], "width": [2, 3]}, config, seeds=2)
    for words in (
        repr(found),
        plots.sweep_map(found).summary,
        plots.sweep_map(found).panels[0].title,
    ):
        assert "every run diverged" in words and "inf" not in words and "nan" not in words
    with pytest.raises(
        ValueError, match="no best: every run diverged .try a smaller learning_rate"
    ):
        _ = found.best
    assert list(found.summary["diverged"]) == [2] * 4 and np.isnan(found.spread)
    assert not found.history(learning_rate=1e200, width=2, seed=1).history.get("val_loss")
    whole = compare(
        data, {"a": {}, "b": {"width": 3}}, config, learning_rates=(1e201, 1e200), seeds=1
    )
    assert whole.summary.startswith("There is no best variant: every run diverged")
    assert "none" in plots.comparison(whole).panels[0].title


def test_draws_take_no_combination_twice(recwarn):
    from scipy.stats import randint

    space = {"learning_rate": [0.01, 0.1], "width": [2, 3]}
    found = sweep(MOONS, space, QUICK, method="random", samples=9, seeds=1)
    assert len(found.table) == len(found.summary) == 4
    found = sweep(MOONS, {"width": randint(2, 4)}, QUICK, method="random", samples=9, seeds=1)
    assert sorted(found.table["width"]) == [2, 3]
    assert not recwarn.list


def test_the_map_tells_what_was_not_run_from_what_diverged():
    space = {"learning_rate": [0.01, 1e200], "width": [2, 3, 4]}
    data, config = datasets.sine(samples=60), QUICK.replace(optimizer="sgd", early_stopping=False)
    found = sweep(data, space, config, method="random", samples=4, seeds=1)
    chart = plots.sweep_map(found)
    heat = chart.panels[0].marks[0].values
    words = {(mark.y, mark.x): mark.text for mark in chart.panels[0].marks if hasattr(mark, "text")}
    diverged = int(found.summary["diverged"].sum())
    assert list(words.values()).count("not run") == 2
    assert list(words.values()).count("diverged") == diverged > 0
    for cell, word in words.items():
        assert np.isnan(heat[cell]) == (word == "not run")
    assert "Not run: 2 of 6 cells." in chart.summary
    picture = re.search('base64,([^"]+)', to_svg(chart)).group(1)
    opacity = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))[::-1, :, 3]
    assert ((opacity == 0) == np.isnan(heat)).all()
    plots.to_figure(chart)


def test_the_map_says_which_values_were_never_drawn():
    space = {"learning_rate": [0.01, 0.1, 0.2], "width": [2, 3, 4], "batch_size": [16]}
    found = sweep(MOONS, space, QUICK, method="random", samples=2, seeds=1)
    drawn = {name: set(found.table[name]) for name in space}
    left = {name: [v for v in space[name] if v not in drawn[name]] for name in space}
    assert left["learning_rate"] and left["width"] and not left["batch_size"]
    assert found.never_drawn == {name: left[name] for name in ("learning_rate", "width")}
    summary = plots.sweep_map(found).summary
    assert "Never drawn, and so not in the picture: learning_rate " in summary
    for value in (*left["learning_rate"], *left["width"]):
        assert f"{value:.3g}" in summary.split("Never drawn")[1]
    for whole in ({}, {"method": "random", "samples": 9}):
        found = sweep(MOONS, space, QUICK, seeds=1, **whole)
        assert not found.never_drawn and "drawn" not in plots.sweep_map(found).summary


def test_one_seed_has_no_spread():
    found = sweep(MOONS, {"learning_rate": [0.01, 0.1], "width": [3, 4]}, QUICK, seeds=1)
    assert np.isnan(found.spread) and found.summary["spread"].isna().all()
    assert "nan" not in repr(found) and "one seed has no spread" in repr(found)
    assert "nan" not in plots.sweep_map(found).summary


def test_the_map_takes_none_beside_numbers():
    space = {"global_clipnorm": [None, 1.0], "weight_decay": [0.01, None]}
    panel = plots.sweep_map(sweep(MOONS, space, QUICK, seeds=1)).panels[0]
    assert [word for _, word in panel.x_ticks] == ["1", "None"]
    assert [word for _, word in panel.y_ticks] == ["0.01", "None"]


def test_the_map_shows_each_cell_and_frames_the_best():
    space = {"learning_rate": [0.001, 0.1], "batch_size": [8, 16, 32]}
    found = sweep(MOONS, space, QUICK, seeds=2)
    chart = plots.sweep_map(found)
    words = [mark.text for mark in chart.panels[0].marks if hasattr(mark, "text")]
    assert sorted(words) == sorted(f"{value:.3f}" for value in found.summary["mean"])
    assert f"{found.summary['mean'][0]:.3f}" in chart.summary
    assert str(found.best["batch_size"]) in chart.summary
    plots.to_figure(chart)
    with pytest.raises(ValueError, match="two settings.*found.summary"):
        plots.sweep_map(sweep(MOONS, {"learning_rate": [0.1]}, QUICK, seeds=1))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"space": {}}, "space"),
        ({"space": {"learning_rate": []}}, "learning_rate"),
        ({"space": {"seed": [1]}}, "seeds="),
        ({"space": {"learning_rate": [-1.0]}}, "learning_rate"),
        ({"space": {"batch_size": [0]}}, "batch_size"),
        ({"space": {"width": [0]}}, "width"),
        ({"space": {"breadth": [3]}}, "no setting 'breadth'.*build_mlp .hidden_layers, width"),
        ({"space": {"dropout": [0.1]}}, "Did you mean 'dropout_rate'"),
        ({"space": {"learnig_rate": [0.1]}}, "epochs, batch_size.*Did you mean 'learning_rate'"),
        ({"space": {"filtres": [1]}, "build": conv}, "build .filters.*Did you mean 'filters'"),
        (
            {"space": {"learning_rate": [0.1, 0.2, 0.1]}},
            "'learning_rate' once, but 0.1 comes twice",
        ),
        ({"space": {"batch_size": [8, 8.0]}}, "8.0 comes twice"),
        ({"space": {"optimizer_arguments": [{"beta_1": 1}, {"beta_1": 1.0}]}}, "comes twice"),
        ({"space": {"hidden_layers": [[3, 4], (3, 4)]}}, "comes twice"),
        ({"space": {"width": [3, 3]}, "method": "random", "samples": 2}, "comes twice"),
        ({"method": "genetic"}, "method"),
        ({"method": "random"}, "samples"),
        ({"samples": 3}, "samples"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"seeds": []}, "seeds"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"build": 3}, "build"),
    ],
)
def test_nothing_is_trained_where_something_is_wrong(arguments, message, monkeypatch):
    from dlkit.training import trials

    monkeypatch.setattr(trials, "_train_group", lambda *_: pytest.fail("trained before it checked"))
    given = {"space": {"learning_rate": [0.1]}, **arguments}
    with pytest.raises((TypeError, ValueError), match=message):
        sweep(MOONS, given.pop("space"), QUICK, **given)


@pytest.mark.full
def test_a_cluster_that_loses_a_worker_loses_no_run():
    """Two workers of a local Dask cluster; one is killed in the middle."""
    distributed = pytest.importorskip("distributed", reason="needs dask[distributed]")
    digits = datasets.digits()
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        pids = client.run(os.getpid)
        victim = next(iter(pids.values()))

        def kill():
            time.sleep(1.0)
            os.kill(victim, getattr(signal, "SIGKILL", signal.SIGTERM))

        threading.Thread(target=kill, daemon=True).start()
        with joblib.parallel_config(backend="dask"):
            found = sweep(
                digits,
                {"filters": [1, 2, 3, 4]},
                TrainingConfig(epochs=6, early_stopping=False),
                seeds=2,
                build=conv,
            )
    assert len(found.table) == 8
    assert (found.table["epochs"] == 6).all()


def test_comparing_is_fair_and_names_what_the_seeds_explain():
    config = TrainingConfig(epochs=6, batch_size=16)
    found = compare(
        MOONS, ["sgd", "adam"], config, seeds=3, learning_rates=(1e-6, 0.01, 0.1), build=None
    )
    for name in ("sgd", "adam"):
        tried = found.tuning[name].table
        assert sorted(tried["learning_rate"].unique()) == [1e-6, 0.01, 0.1]
        assert not set(tried["seed"]) & {0, 1, 2}, "tuned on the seeds that are compared"
        assert found.tuning[name].best["learning_rate"] != 1e-6
    first, second = (
        [trial.history.batch_losses[0] for trial in found.results[name].trials]
        for name in ("sgd", "adam")
    )
    np.testing.assert_allclose(first, second, rtol=1e-6)  # same weights, same first batch
    assert found.summary.startswith("Best: ")
    assert plots.comparison(found).summary == found.summary


def fixed(values):
    """Return a Sweep whose runs have these accuracies."""
    from dlkit.training import EpochRecord, History

    trials = [
        Trial(
            {},
            seed,
            History([EpochRecord(1, 1.0, {}, 1.0, {"accuracy": value}, 0.1, 0.0)], (), QUICK),
        )
        for seed, value in enumerate(values)
    ]
    return Sweep(trials, QUICK)


def test_a_difference_is_held_against_the_spread_of_the_seeds():
    from dlkit.training import Comparison

    found = Comparison(
        {}, {"a": fixed([0.90, 0.92]), "b": fixed([0.895, 0.92]), "c": fixed([0.5, 0.52])}
    )
    assert found.difference("a", "c") == {
        "difference": pytest.approx(0.4),
        "spread": pytest.approx(0.01 * 2**0.5),
        "p_value": pytest.approx(0, abs=1e-9),
        "exceeds_spread": True,
        "wins": 2,
    }
    assert not found.difference("a", "b")["exceeds_spread"]
    assert "than c." in found.summary
    assert "from b." in found.summary


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"variants": ["adam"]}, "two or more"),
        ({"variants": ["adam", "sdg"]}, "sgd"),
        ({"variants": {"a": {"learning_rate": 0.1}, "b": {}}}, "learning_rates=None"),
        ({"variants": 3}, "variants"),
        ({"variants": ["sgd", "sgd"]}, "each optimizer once, but 'sgd' comes twice"),
        ({"variants": ("sgd", "adam", "sgd")}, "'sgd' comes twice"),
        ({"learning_rates": [0.1, -1]}, "learning_rates"),
        ({"learning_rates": [0.1, 0.1]}, "different"),
        ({"variants": {"a": {}, "b": {"dropout": 0.1}}}, "Did you mean 'dropout_rate'"),
        ({"tuning_epochs": 0}, "tuning_epochs"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    given = {"variants": ["sgd", "adam"], **arguments}
    with pytest.raises((TypeError, ValueError), match=message):
        compare(MOONS, given.pop("variants"), QUICK, **given)


def test_trials_keep_their_models_where_asked():
    (trial,) = run_trials([({"width": 3}, 0)], MOONS, QUICK, keep_models=True)
    assert trial.model.layers[0].units == 3
    assert trial.model.evaluate(MOONS.x_validation, MOONS.y_validation)["loss"] == pytest.approx(
        trial.score["val_loss"], rel=1e-5
    )
