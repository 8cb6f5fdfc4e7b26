"""The training lab, driven without a browser exactly as with one."""

import json
import threading
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlkit.labs import TrainingLab, running
from dlkit.plots.figure import figure_summary


@pytest.fixture(name="lab")
def a_lab():
    lab = TrainingLab(epochs=3, pace=0.0, learning_rate=0.003)
    yield lab
    lab.close()


def finished(lab, timeout=60):
    assert lab.run() is True
    assert lab.wait(timeout) is True
    return lab


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("dlkit")]


def test_a_run_is_shown_in_words_curves_and_report(lab):
    finished(lab)
    words = lab.summary()
    assert words.startswith("TrainingLab: Epoch 3 of 3: training loss")
    assert "validation accuracy" in words
    details = lab._details.value
    for expected in ("Report", "precision", "recall", "confusion", "best epoch", "Runs so far"):
        assert expected.lower() in details.lower(), f"the report lacks {expected!r}"
    labels = [mark.label for mark in lab.chart().panels[0].labelled()]
    assert labels == ["each batch", "training", "validation", "best epoch"]
    assert figure_summary(lab.figure()) == lab.sentence


def test_before_the_first_run_it_says_how_to_begin(lab):
    assert lab.summary() == "TrainingLab: Ready for 3 epochs of 45 batches. Press Start."


def test_before_a_run_words_and_picture_follow_the_controls(lab):
    lab.controls.epochs.value, lab.controls.batch_size.value = 1, 256
    assert lab.sentence == "Ready for 1 epoch of 6 batches. Press Start."
    lab.controls.dataset.value = "diabetes"
    assert lab.sentence == "Ready for 1 epoch of 2 batches. Press Start."
    assert [panel.title.split(":")[0] for panel in lab.chart().panels] == ["Loss", "Error"]
    lab.controls.dataset.value, lab.controls.view.value = "digits", "layers"
    assert lab.chart().panels[3].title.startswith("Weights now: widest in")
    lab.controls.architecture.value = "linear"
    assert lab.chart().panels[3].title == "Weights: after Start", (
        "those there are another network's"
    )
    finished(lab)
    assert lab.chart().panels[3].title.startswith("Weights now: widest in")
    lab.rewind()
    lab.controls.architecture.value = "mlp_16"
    assert lab.chart().panels[3].title == "Weights: after Start"


def test_the_picture_moves_while_it_trains():
    lab = TrainingLab(epochs=5, pace=100.0)
    pictures = set()
    lab.run()
    until = time.time() + 1.5
    while time.time() < until:
        pictures.add(lab._picture.value)
        time.sleep(0.01)
    lab.close()
    assert len(pictures) >= 12, f"only {len(pictures)} different pictures in 1.5 s"


def test_pause_step_resume_stop(lab):
    lab.controls.pace.value = 20.0
    lab.run()
    lab.pause()
    lab.wait(5)
    assert lab.job.status.state == "paused"
    assert lab._buttons["pause"].description == "Resume"
    before = len(lab.job.history.batch_losses)
    lab.step()
    assert len(lab.job.history.batch_losses) == before + 1
    lab.pause()
    assert lab.job.status.state == "running"
    lab.stop()
    lab.wait(5)
    assert lab.job.status.state == "stopped"
    assert "Resume" not in lab._buttons["pause"].description, "a stopped run is over"


def test_rewind_and_start_give_the_same_run_again(lab):
    first = finished(lab).job.history.batch_losses.copy()
    lab.rewind()
    assert len(lab.job.history.batch_losses) == 0
    assert np.array_equal(finished(lab).job.history.batch_losses, first)


def test_both_engines_start_from_the_same_weights_and_agree(lab):
    numpy_losses = finished(lab).job.history.batch_losses
    lab.controls.engine.value = "keras"
    keras_losses = finished(lab, 120).job.history.batch_losses
    assert lab.job.engine.name == "keras"
    np.testing.assert_allclose(keras_losses[:20], numpy_losses[:20], rtol=1e-3)


def test_runs_are_kept_and_laid_over_each_other(lab):
    finished(lab)
    lab.controls.learning_rate.value = 0.0003
    finished(lab)
    assert [run.settings["learning_rate"] for run in lab.runs] == pytest.approx([0.003, 0.0003])
    labels = [mark.label for mark in lab.chart().panels[1].labelled()]
    assert labels == ["run 1", "run 2", "training", "validation"]
    lab.controls.overlay.value = False
    assert len(lab.chart().panels[1].labelled()) == 2
    lab.forget()
    assert lab.runs == ()


def test_many_clicks_at_once_start_one_run(lab):
    lab.controls.epochs.value = 50
    lab.controls.pace.value = 20.0
    assert "Press Start" not in lab.message
    started = []
    clicks = [threading.Thread(target=lambda: started.append(lab.run())) for _ in range(20)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert started.count(True) == 1
    assert "already" in lab.message
    lab.stop()


def test_a_network_that_only_keras_builds_switches_the_engine():
    lab = TrainingLab(architecture="cnn", epochs=1, pace=0.0)
    assert lab.controls.engine.value == "keras"
    assert "Keras" in lab.message
    finished(lab, 120)
    assert lab.runs[-1].settings["architecture"] == "cnn"
    lab.close()


def test_the_engine_goes_back_with_the_architecture(lab):
    lab.controls.architecture.value = "cnn"
    assert lab.controls.engine.value == "keras"
    lab.controls.architecture.value = "mlp_16"
    assert lab.controls.engine.value == "numpy"
    lab.controls.engine.value = "keras"
    lab.controls.architecture.value = "linear"
    assert lab.controls.engine.value == "keras", "what the learner chose stays"


def test_a_paused_run_goes_on_or_is_kept_but_never_lost(lab):
    lab.controls.epochs.value = 50
    lab.step(60)
    assert lab.summary().startswith("TrainingLab: Paused at epoch 2, batch 15 of 45")
    assert lab.run() is True
    lab.pause()
    lab.wait(5)
    assert len(lab.job.history.batch_losses) >= 60, "Start threw the paused run away"
    lab.controls.learning_rate.value = 0.01
    assert "next Start" in lab.message
    lab.controls.epochs.value = 2
    finished(lab)
    assert [run.number for run in lab.runs] == [1, 2]
    lab.rewind()
    assert [run.number for run in lab.runs] == [1, 2]
    assert "Ready" in lab.summary()


def test_a_message_is_gone_when_it_is_no_longer_true(lab):
    lab.stop()
    assert "Nothing is running" in lab.message
    lab.step()
    assert lab.message == ""
    finished(lab)
    lab.controls.optimizer.value = "sgd"
    assert "Press Start for the new settings" in lab.message
    lab.controls.optimizer.value = "adam"
    assert lab.message == "", "these are the settings of the run that is shown"
    lab.controls.optimizer.value = "sgd"
    assert finished(lab).message == ""


def test_what_does_not_fit_is_said_in_words(lab):
    lab.controls.architecture.value = "cnn"
    lab.controls.engine.value = "numpy"
    assert "Set the menu engine to Keras" in lab.message
    assert lab.guard(lab.run) is None
    assert "Set the menu engine to Keras" in lab.message
    lab.controls.engine.value = "keras"
    lab.controls.dataset.value = "iris"
    assert lab.guard(lab.run) is None
    assert "needs images" in lab.message
    lab.controls.architecture.value = "mlp_16"
    assert finished(lab).message == ""


def test_a_diverging_run_stops_with_words_and_finite_weights():
    lab = TrainingLab(
        dataset="diabetes", optimizer="momentum", learning_rate=0.1, batch_size=16, pace=0.0
    )
    finished(lab)
    assert lab.job.status.state == "stopped"
    assert "the run diverged" in lab.summary()
    assert np.isfinite(lab.job.model.flat_parameters).all()
    assert "diverging" in lab._details.value
    lab.close()


def test_a_report_belongs_to_the_run_that_is_shown(lab):
    for dataset in ("iris", "wine", "digits"):
        assert lab.run() is True
        while lab.job.status.state != "finished":
            time.sleep(0.0005)
        lab.controls.dataset.value = dataset
    finished(lab)
    assert lab._report.count("360 validation samples") >= 1, "a report of other data is shown"
    assert [run.settings["dataset"] for run in lab.runs] == ["digits", "iris", "wine", "digits"]


def test_a_constructor_that_fails_leaves_no_widget_behind():
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    for wrong in ({"epochs": 0}, {"dataset": "iris", "architecture": "cnn"}):
        with pytest.raises(ValueError, match="epochs|images"):
            TrainingLab(**wrong)
    assert len(_instances) == before


def test_running_a_cell_again_replaces_its_labs_and_one_cell_may_show_two(monkeypatch):
    runs = iter([("cell", "first"), ("cell", "first"), ("cell", "second"), (None, None)])
    monkeypatch.setattr("dlkit.display.lab._present_cell", lambda: next(runs))
    labs = [TrainingLab(dataset="iris") for _ in range(4)]
    for lab in labs:
        lab._repr_mimebundle_()
    assert [lab._closed for lab in labs] == [True, True, False, False]
    for lab in labs:
        lab.close()


def test_the_goal_is_recognised_and_only_by_the_allowed_control():
    goal = {"at_least": 0.5, "within_epochs": 3, "changing_only": ["learning_rate"]}
    lab = TrainingLab(epochs=3, pace=0.0, learning_rate=0.0001, goal=goal)
    assert "50 % validation accuracy within 3 epochs" in lab.challenge
    lab.controls.learning_rate.value = 0.01
    lab.controls.pace.value = 100.0
    lab.controls.pace.value = 0.0
    lab.controls.overlay.value = False  # how one looks at a run is free
    assert finished(lab).met() is True
    assert "Challenge met" in lab.summary()
    lab.controls.batch_size.value = 16
    assert finished(lab).met() is False
    assert "you also changed the batch size" in lab.summary()
    twin = TrainingLab.from_state(json.loads(json.dumps(lab.state())))
    assert finished(twin).met() is False, "the twin judges by the opening values of the first"
    twin.close()
    lab.close()


def test_the_challenge_says_for_which_data_it_holds():
    lab = TrainingLab(dataset="iris", epochs=1, pace=0.0)
    assert lab.challenge.startswith("On iris, reach 96 % validation accuracy within 10 epochs")
    lab.controls.dataset.value = "diabetes"
    assert "On iris" in lab._head.value
    assert finished(lab).met() is False and "their targets are numbers" in lab.sentence
    free = {"changing_only": ["dataset", "learning_rate"]}
    assert TrainingLab(goal=free).challenge.startswith("Reach 95 %")
    lab.close()


def test_a_lab_opened_on_data_without_accuracy_asks_for_the_digits():
    lab = TrainingLab(dataset="diabetes", epochs=3, pace=0.0, learning_rate=0.0001)
    assert lab.challenge.startswith("On digits, reach 96 %")
    lab.controls.dataset.value, lab.controls.learning_rate.value = "digits", 0.003
    lab.controls.epochs.value = 10
    assert "you also changed the epochs" in finished(lab).sentence
    twin = TrainingLab.from_state(json.loads(json.dumps(lab.state())))
    assert twin.challenge == lab.challenge and twin.state() == lab.state()
    twin.close()
    lab.close()
    with pytest.raises(ValueError, match="goal asks for an accuracy, but the data set diabetes"):
        TrainingLab(dataset="diabetes", goal={"at_least": 0.9})


def test_rates_that_differ_in_the_third_digit_are_told_apart(lab):
    lab.controls.learning_rate.value = 0.0123
    finished(lab)
    lab.controls.learning_rate.value = 0.0124
    assert "learning rate 0.0124 instead of 0.0123" in finished(lab).comparison()


def test_a_step_while_a_run_is_being_started_builds_no_second_network(monkeypatch):
    lab, build, built = TrainingLab(epochs=3, pace=0.0), running.build_model, []

    def slow(*arguments):
        time.sleep(0.3)
        built.append(arguments)
        return build(*arguments)

    monkeypatch.setattr(running, "build_model", slow)
    lab.controls.seed.value = 1
    starting = threading.Thread(target=lab.run)
    starting.start()
    time.sleep(0.1)
    lab.step()
    starting.join()
    assert lab.wait(30) and len(built) == 1
    lab.close()


def test_a_network_that_brings_its_engine_with_it_does_not_spoil_the_challenge():
    lab = TrainingLab(architecture="cnn", epochs=1)
    assert lab.state()["opening"]["engine"] == lab.controls.engine.value == "keras"
    twin = TrainingLab.from_state(json.loads(json.dumps(lab.state())))
    for each in (lab, twin):
        each.controls.architecture.value = "mlp_16"
        assert each.controls.engine.value == "numpy", "what it brought goes with it"
        each.close()


def test_a_goal_names_controls_that_there_are():
    from ipywidgets.widgets.widget import _instances

    goal = {"changing_only": ["lerning_rate"]}
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        TrainingLab(goal=goal)
    lab = TrainingLab()
    before = len(_instances)
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        TrainingLab.from_state({**lab.state(), "goal": goal})
    assert len(_instances) == before, "a lab that cannot be made leaves nothing behind"
    lab.close()


def test_state_goes_through_json():
    lab = TrainingLab(epochs=7, learning_rate=0.02, batch_size=64, optimizer="nadam", seed=3)
    again = TrainingLab.from_state(json.loads(json.dumps(lab.state())))
    assert again.state() == lab.state()
    with pytest.raises(ValueError, match="belongs to"):
        TrainingLab.from_state({"lab": "NeuronLab", "controls": {}})
    with pytest.raises(TypeError, match="state"):
        TrainingLab.from_state("nonsense")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epoch": 3}, "Did you mean 'epochs'"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "whole number"),
        ({"epochs": "3"}, "Remove the quotes"),
        ({"learning_rate": float("nan")}, "finite"),
        ({"learning_rate": -0.1}, "learning_rate"),
        ({"batch_size": 33}, "batch_size"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"early_stopping": 1}, "True or False"),
        ({"goal": 3}, "goal"),
        ({"goal": {"at_least": 3}}, "at_least"),
        ({"challenge": 3}, "challenge"),
    ],
)
def test_bad_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=words):
        TrainingLab(**values)


def test_a_stored_notebook_shows_a_picture_and_words(lab):
    finished(lab)
    bundle, metadata = lab._repr_mimebundle_()
    assert bundle["text/plain"] == lab.summary()
    assert len(bundle["image/png"]) > 1000
    assert metadata["image/png"]["alt"] == lab.sentence
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_closing_ends_the_run_and_its_thread():
    before = len(threads())
    lab = TrainingLab(epochs=100, pace=1.0)
    lab.run()
    lab.close()
    until = time.time() + 5
    while len(threads()) > before and time.time() < until:
        time.sleep(0.01)
    assert len(threads()) == before


_ENDS = {
    "epochs": st.sampled_from([1, 2]),
    "learning_rate": st.sampled_from([0.0001, 0.1]),
    "batch_size": st.sampled_from([16, 256]),
    "optimizer": st.sampled_from(["sgd", "nadam", "rmsprop"]),
    "dataset": st.sampled_from(["iris", "xor", "diabetes", "spirals", "sine"]),
    "architecture": st.sampled_from(["linear", "mlp_16", "mlp_dropout", "mlp_batch_normalization"]),
    "early_stopping": st.booleans(),
    "seed": st.sampled_from([0, 20]),
    "overlay": st.booleans(),
}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries(_ENDS))
def test_every_combination_of_controls_runs(values):
    lab = TrainingLab(pace=0.0)
    for name, value in values.items():
        lab.controls[name].value = value
    finished(lab)
    assert lab.message == "", lab.message
    assert "Traceback" not in lab._details.value
    lab.close()
