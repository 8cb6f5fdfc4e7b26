"""OptimizerLab: gradients by differences, paths against the optimizers' host and Keras, the search by hand."""

import contextlib
import io
import json
import re

import numpy as np
import pytest

from dlkit import optimizers
from dlkit.labs import OptimizerLab
from dlkit.labs.optimizer_network import exact, losses_at, network_surface
from dlkit.labs.optimizer_picture import NEAR, distance, look, ranking
from dlkit.labs.optimizer_race import LAST, RATES, race
from dlkit.labs.optimizer_surfaces import NAMES, STEPS, SURFACES, WINDOW, surface
from dlkit.plots.chart import Line
from dlkit.plots.contours import contour_lines
from dlkit.rules import RULES

EVERY = tuple(RULES)


@pytest.fixture(scope="module")
def lab():
    made = OptimizerLab()
    yield made
    made.close()


def places(count=200, seed=3):
    return np.random.default_rng(seed).uniform(-WINDOW, WINDOW, (count, 2))


# The surfaces


@pytest.mark.parametrize("name", NAMES)
def test_every_gradient_agrees_with_finite_differences(name):
    ground, p, h = surface(name), places(), 1e-5
    measured = np.stack(
        [(ground.loss(p + h * e) - ground.loss(p - h * e)) / (2 * h) for e in np.eye(2)], -1
    )
    scale = np.abs(measured).max()
    assert np.abs(ground.gradient(p) - measured).max() < 2e-7 * scale
    assert ground.gradient(p.reshape(4, 25, 2, 2)).shape == (4, 25, 2, 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_lowest_points_are_the_lowest(name):
    ground = surface(name)
    for low in ground.minima:
        low = np.array(low, dtype=float)
        assert ground.loss(low) == pytest.approx(ground.lowest, abs=1e-12)
        assert np.abs(ground.gradient(low)).max() < 1e-6
    assert ground.loss(places(20_000)).min() >= ground.lowest
    assert ground.loss(np.array(ground.start)) > ground.lowest + 0.1


def test_the_tilted_ravine_is_the_ravine_turned():
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    assert np.allclose(SURFACES["tilted"].loss(places()), SURFACES["ravine"].loss(places() @ turn))


def test_one_sample_a_step_is_right_on_average():
    ground, p = SURFACES["noisy"], places(5)
    every = [ground.sampled(p, (sample + 0.5) / 30) for sample in range(30)]
    assert np.allclose(np.mean(every, axis=0), ground.gradient(p))
    assert np.std(every, axis=0).min() > 0.1
    twice = [ground.gradients(seed=4)(7, p) for _ in range(2)]
    assert np.array_equal(*twice)
    assert not np.array_equal(ground.gradients(seed=5)(7, p), twice[0])


def test_the_map_of_the_network_is_its_exact_loss_but_for_a_little():
    ground, p = network_surface(), places(60)
    values, slopes = zip(*map(exact, p), strict=True)
    assert np.allclose(losses_at(p), values, atol=1e-12)
    assert np.abs(ground.loss(p) - values).max() < 1e-3
    assert np.abs(ground.gradient(p) - slopes).max() < 0.01 * np.abs(slopes).max()
    ticks = np.linspace(-2.6, 2.6, 81)[[0, 11, 40, 80]]
    corners = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    assert np.allclose(ground.loss(corners), losses_at(corners), atol=1e-12)  # on the grid: exact
    far = np.array([9.0, -9.0])
    assert ground.loss(far) == ground.loss(np.array([2.6, -2.6]))
    assert not ground.gradient(far).any()


@pytest.mark.parametrize(
    ("arguments", "words"), [((-1, 0), "amount"), ((1, -1), "seed"), ((1, 0, 0), "steps")]
)
def test_wrong_noise_is_named(arguments, words):
    with pytest.raises(ValueError, match=f"{words} must be"):
        SURFACES["bowl"].noise(*arguments)
    with pytest.raises(ValueError, match="Did you mean 'ravine'"):
        surface("ravin")


# The race


@pytest.mark.parametrize("name", ["rosenbrock", "noisy"])
def test_every_path_is_that_of_the_optimizer_itself(name):
    ground, start, rate = surface(name), (-0.9, 0.7), 0.003
    at, noise = ground.gradients(3), ground.noise(0.2, 3)
    for path in race(name, EVERY, start, rate, 0.2, 3):
        optimizer, place = optimizers.get(path.name, learning_rate=rate), np.array(start)
        with np.errstate(all="ignore"):
            for step in range(STEPS):
                slope = at(step, place) + noise[step]
                if np.isfinite(path.places[step]).all():
                    assert np.allclose(path.gradients[step], slope, rtol=1e-7)
                if not np.isfinite(slope).all():
                    break
                optimizer.apply(slope, place)
                if np.isfinite(path.places[step + 1]).all():
                    assert np.allclose(path.places[step + 1], place, rtol=1e-7, atol=1e-12)
        if not path.lost:
            assert path.losses[-1] == pytest.approx(float(ground.loss(place)), rel=1e-6)
            for slot, values in path.slots.items():
                assert np.allclose(values[-1], optimizer.state[slot], rtol=1e-6)


def test_the_search_finds_what_one_race_after_the_other_finds():
    for name, noise in (("ravine", 0.0), ("rosenbrock", 0.1)):
        ground, start, seeds = surface(name), (-1.3, 0.9), ((1001, 1002) if noise else (0,))
        for path in race(name, ("sgd", "momentum", "adam"), start, None, noise, 5):
            scores = []
            for rate in RATES:
                tries = [race(name, (path.name,), start, rate, noise, seed)[0] for seed in seeds]
                gap = np.nan_to_num([t.losses - ground.lowest for t in tries], nan=1e12)
                powers = np.log10(np.clip(gap, 1e-8, 1e12)).mean(axis=0)
                scores.append(powers[-LAST:].mean() + 1e-3 * powers.mean())
            assert path.learning_rate == RATES[int(np.argmin(scores))]
            again = race(name, (path.name,), start, path.learning_rate, noise, 5)[0]
            assert np.allclose(path.places, again.places, rtol=1e-9)


def test_each_at_its_default_is_what_keras_takes():
    import keras

    theirs = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    for path in race("ravine", ("sgd", "adam"), (-1.8, 0.6), "default"):
        assert path.learning_rate == pytest.approx(float(theirs[path.name]().learning_rate))
        again = race("ravine", (path.name,), (-1.8, 0.6), path.learning_rate)[0]
        assert np.array_equal(path.places, again.places)
    lab = OptimizerLab(rates="default", adadelta=True, ftrl=True)
    assert "each at its default" in lab.sentence and "adadelta (rate 0.001)" in lab.sentence
    lab.close()


def test_the_noise_is_the_same_for_all_and_another_for_another_seed():
    first, second = race("ravine", ("sgd", "adam"), (-1.0, 0.5), 0.01, 0.5, 1)
    clean = SURFACES["ravine"].gradient
    noise = first.gradients - clean(first.places[:-1])
    assert np.allclose(noise, second.gradients - clean(second.places[:-1]))
    other = race("ravine", ("sgd",), (-1.0, 0.5), 0.01, 0.5, 2)[0]
    assert not np.allclose(noise, other.gradients - clean(other.places[:-1]))
    assert 0.8 < noise.std() / (0.5 * SURFACES["ravine"].noise_unit) < 1.2


def test_who_runs_away_is_lost_and_the_others_go_on():
    sgd, adam = race("ravine", ("sgd", "adam"), (-1.8, 0.6), 0.1)
    assert sgd.lost and not adam.lost
    lab = OptimizerLab(rates="same", learning_rate=0.1, step=200)
    assert "sgd" in lab.sentence and "ran away" in lab.sentence and "lost" in lab.details()
    lab.close()


def test_what_the_lesson_says_about_the_tilted_ravine():
    straight = race("ravine", EVERY, (-1.8, 0.6))
    turned = race(
        "tilted", EVERY, tuple(np.array([-1.8, 0.6]) @ np.array([[1, -1], [1, 1]]) / 2**0.5)
    )
    for before, after in zip(straight, turned, strict=True):
        if before.name in ("sgd", "momentum", "nesterov"):
            assert before.learning_rate == after.learning_rate
            assert np.allclose(before.losses, after.losses, rtol=1e-6, atol=1e-12)
        if before.name == "adagrad":
            assert before.losses[60] < 1e-8 < 1e-3 < after.losses[60]


# The lab


def test_the_opening_shows_momentum_ahead_of_plain_descent(lab):
    gaps = dict(ranking(surface("ravine"), lab.paths(), lab.controls.step.value))
    assert set(gaps) == {"sgd", "momentum", "adagrad", "adam"}
    assert gaps["momentum"] < gaps["sgd"] / 3
    assert lab.met() is False


def test_the_picture_shows_the_race(lab):
    lab.controls.step.value = 50
    over, losses, along_x, along_y = lab.chart().panels
    for path in lab.paths():
        color, dash, _ = look(path.name)
        line = next(
            m for m in over.marks if isinstance(m, Line) and (m.color, m.dash) == (color, dash)
        )
        assert np.array_equal(line.x, path.places[:51, 0]) and np.array_equal(
            line.y, path.places[:51, 1]
        )
        line = next(
            m for m in losses.marks if isinstance(m, Line) and (m.color, m.dash) == (color, dash)
        )
        assert np.allclose(line.y, np.maximum(path.losses[:51], 1e-8))
    adam = next(path for path in lab.paths() if path.name == "adam")
    for axis, panel in enumerate((along_x, along_y)):
        drawn = {mark.label: mark.y for mark in panel.marks}
        assert np.allclose(drawn["step"], np.abs(np.diff(adam.places, axis=0))[:50, axis])
        assert np.allclose(drawn["gradient"], np.abs(adam.gradients[:50, axis]))
        assert np.allclose(drawn["mean gradient"], np.abs(adam.slots["first_moment"][:50, axis]))
        assert np.allclose(drawn["root mean square"] ** 2, adam.slots["second_moment"][:50, axis])
    lab.controls.step.value = 60


def test_contours_are_lines_of_equal_loss_in_short_pieces():
    ticks = np.linspace(-2, 2, 101)
    grid = np.stack(np.meshgrid(ticks, ticks), -1)
    levels = [0.5, 2.0, 6.0]
    pieces = contour_lines(ticks, ticks, SURFACES["bowl"].loss(grid), levels)
    assert max(len(x) for x, _ in pieces) <= 201  # longer ones would be thinned in a live picture
    heights = [SURFACES["bowl"].loss(np.stack([x, y], -1)) for x, y in pieces]
    assert {min(levels, key=lambda level: abs(level - h[0])) for h in heights} == set(levels)
    assert all(np.ptp(height) < 5e-3 for height in heights)


def test_no_two_optimizers_look_alike():
    looks = [look(name) for name in EVERY]
    assert len({(color, dash) for color, dash, _ in looks}) == len(EVERY)
    assert len({(color, marker) for color, _, marker in looks}) == len(EVERY)


def test_nothing_jumps_while_the_race_is_replayed(lab):
    ranges = set()
    for step in (0, 1, 60, 200):
        lab.controls.step.value = step
        ranges.add(tuple(panel.ranges() for panel in lab.chart().panels))
    assert len(ranges) == 1
    lab.controls.step.value = 60


def test_another_surface_brings_its_own_start(lab):
    lab.controls.surface.value = "saddle"
    assert (lab.controls.start_x.value, lab.controls.start_y.value) == (1.6, 0.02)
    lab.controls.surface.value = "ravine"
    given = OptimizerLab(surface="saddle", start_y=1.0)
    assert (given.controls.start_x.value, given.controls.start_y.value) == (1.6, 1.0)
    again = OptimizerLab.from_state(json.loads(json.dumps(given.state())))
    assert again.summary() == given.summary()
    given.close()
    again.close()


def test_nobody_leaves_the_ridge_of_the_saddle_without_noise():
    for noise, leaves in ((0.0, False), (0.2, True)):
        sgd = race("saddle", ("sgd",), (1.6, 0.0), 0.05, noise)[0]
        assert (distance(SURFACES["saddle"], sgd.places[-1]) < 0.5) == leaves


def test_the_challenge_takes_a_rate_of_ones_own():
    lab = OptimizerLab(surface="rosenbrock", step=STEPS)
    assert lab.met() is False  # each at its own best: momentum arrives, but nobody has chosen
    assert any(distance(surface("rosenbrock"), p.places[-1]) < NEAR for p in lab.paths())
    lab.controls.rates.value = "same"
    assert lab.met() is False and not lab.controls.learning_rate.disabled
    lab.controls.learning_rate.value = 0.003
    assert lab.met() is True and "Challenge met" in lab.summary()
    lab.controls.momentum.value = False
    assert lab.met() is False
    lab.controls.momentum.value = True
    lab.controls.step.value = 0
    assert lab.met() is False  # the picture is at the start
    lab.controls.step.value = STEPS
    lab.controls.start_x.value, lab.controls.start_y.value = -0.02, 0.0
    assert lab.met() is False  # too near
    lab.close()


def test_no_far_start_meets_the_challenge_at_the_rate_that_stands_there():
    lab = OptimizerLab(surface="rosenbrock", rates="same", step=STEPS)
    for x in (-2.0, -1.6, -1.2):
        for y in np.arange(-2, 2.1, 0.5):
            lab.controls.start_x.value, lab.controls.start_y.value = x, y
            assert lab.met() is False
    lab.close()


def test_those_who_are_level_are_named_together():
    lab = OptimizerLab(surface="bowl", step=0)
    assert lab.chart().panels[1].title == "All are level after 0 steps"
    titles = []
    for lab.controls.step.value in range(10, 201, 10):
        gaps = ranking(surface("bowl"), lab.paths(), lab.controls.step.value)
        level = [name for name, gap in gaps if gap <= max(gaps[0][1], 1e-8)]
        titles.append(lab.chart().panels[1].title)
        if len(level) < 4:  # the title has room for two names
            named = " and ".join(level) if len(level) < 3 else "3 are level"
            assert titles[-1].endswith(f": {named}")
    assert any("3 are level" in title or " and " in title for title in titles)
    assert titles[-1] == "All are level after 200 steps"
    lab.close()


def test_the_insides_are_called_as_the_axes_are():
    lab = OptimizerLab(surface="network")
    for label, panel in zip(("direction 1", "direction 2"), lab.chart().panels[2:], strict=True):
        assert panel.title.startswith(f"adam, {label}: step = ")
        assert panel.y_label == f"size along {label}"
    lab.close()


def test_the_replay_runs_once_and_ends(lab, monkeypatch):
    monkeypatch.setattr(lab, "frame_seconds", 0.0)
    assert lab.run() is True
    assert lab.wait(20) and lab.controls.step.value == STEPS
    lab.stop()
    assert lab.message == "Nothing is being played."
    lab.controls.step.value = 60


def test_nobody_at_the_start_is_told():
    lab = OptimizerLab(sgd=False, momentum=False, adagrad=False, adam=False)
    assert "nobody races" in lab.sentence and lab.details() == ""
    lab.controls.lion.value = True
    assert "lion (rate" in lab.sentence
    lab.close()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"surface": "ravin"}, "Did you mean 'ravine'"),
        ({"start_x": 3}, "start_x must be"),
        ({"adm": True}, "Did you mean 'adam'"),
        ({"adam": 1}, "adam must be"),
        ({"learning_rate": 5}, "learning_rate must be"),
        ({"step": 201}, "step must be"),
    ],
)
def test_wrong_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        OptimizerLab(**values)


# The programs


def printed(program):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(program, "program", "exec"), {"__name__": "__main__"})  # noqa: S102
    return {
        line.partition(":")[0]: float(re.search(r": (\S+) above the lowest loss", line)[1])
        for line in said.getvalue().splitlines()
    }


@pytest.mark.parametrize("name", ["ravine", "noisy", "network"])
def test_the_program_in_dlkit_prints_the_labs_numbers(name):
    lab = OptimizerLab(surface=name, noise=0.1, seed=3, step=40, **dict.fromkeys(EVERY, True))
    expected = dict(ranking(surface(name), lab.paths(), 40))
    assert printed(lab.code().dlkit) == pytest.approx(expected, rel=2e-4)
    assert len(lab.code().dlkit.splitlines()) <= 40
    lab.close()


def test_the_program_in_keras_prints_nearly_the_same():
    """Keras rounds some constants to float32, and its own accumulators too."""
    import keras

    floatx = keras.config.floatx()
    lab = OptimizerLab(step=12, **dict.fromkeys(EVERY, True))
    try:
        found = printed(lab.code().keras)
    finally:
        keras.config.set_floatx(floatx)
    expected = dict(ranking(surface("ravine"), lab.paths(), 12))
    assert found == pytest.approx(expected, rel=5e-3, abs=1e-6)
    lab.close()
