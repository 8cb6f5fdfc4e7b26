"""The loop: what it runs, what it yields, when it ends, which weights it leaves."""

import inspect
import logging

import numpy as np
import pytest
from fake_engine import FakeEngine

from dlkit.training import ChunkRecord, EpochRecord, TrainingConfig, training_loop
from dlkit.training.callbacks import EarlyStopping, standard_callbacks
from dlkit.training.records import EndRecord, Recorder, best_epoch

NAN, INF = float("nan"), float("inf")


def run(engine, chunk_size=lambda left: left, **settings):
    config = TrainingConfig(**{"epochs": 3, "early_stopping": False, **settings})
    return list(training_loop(engine, config, chunk_size, standard_callbacks(config)))


def test_the_loop_fits_on_a_page_of_a_lesson():
    body = inspect.getsource(training_loop).split('"""')[2]
    assert len(body.strip().splitlines()) <= 45


def test_epochs_chunks_and_the_end_come_in_order():
    records = run(FakeEngine(batches=4), lambda left: min(left, 3), epochs=2)
    kinds = [type(record) for record in records]
    assert kinds == 2 * [ChunkRecord, ChunkRecord, EpochRecord] + [EndRecord]
    batches = [list(record.batches) for record in records if isinstance(record, ChunkRecord)]
    assert batches == 2 * [[1, 2, 3], [4]]
    steps = [record.step for record in records if isinstance(record, ChunkRecord)]
    assert steps == [0, 3, 4, 7]
    assert (records[-1].state, records[-1].reason) == ("finished", "all 2 epochs are done")


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_the_size_of_chunks_changes_no_number(size):
    whole, parts = FakeEngine(), FakeEngine()
    expected, got = run(whole), run(parts, lambda left: min(left, size))
    assert parts.weight == whole.weight
    losses = [
        np.concatenate([r.losses for r in records if isinstance(r, ChunkRecord)])
        for records in (expected, got)
    ]
    np.testing.assert_array_equal(*losses)


def test_a_chunk_size_of_zero_hands_control_back_and_loses_nothing():
    answers = iter([2, 0, 0, 3, 0, 5])
    engine = FakeEngine()
    config = TrainingConfig(epochs=1, early_stopping=False)
    records = list(training_loop(engine, config, lambda left: next(answers)))
    assert [record is None for record in records] == [False, True, True, False, True] + 3 * [False]
    assert engine.calls == [(1, 0, 2), (1, 2, 3), (1, 5, 5)]


def test_learning_rates_of_a_schedule_are_recorded():
    from dlkit.schedules import Schedule

    class Falling(Schedule):
        def value(self, xp, step):
            return 1.0 / (1.0 + step)

    records = run(FakeEngine(batches=2), epochs=2, learning_rate_schedule=Falling())
    chunks = [record for record in records if isinstance(record, ChunkRecord)]
    assert [chunk.learning_rates for chunk in chunks] == [(1, 1 / 2), (1 / 3, 1 / 4)]
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    assert [record.learning_rate for record in epochs] == [1 / 2, 1 / 4]


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("step", [0, 3, 5, 7, 12])
def test_a_loss_that_is_not_finite_ends_the_run(bad, step):
    """Chunks of 5; where the chunk's first loss is bad, the weights before it were bad already."""
    clean = FakeEngine()
    trace = [0.0]  # the weight after each step of a run without a fault
    for epoch in (1, 2):
        clean.begin_epoch(epoch)
        for batch in range(10):
            clean.run(batch, 1)
            trace.append(clean.weight)
    engine = FakeEngine(losses={step: bad})
    records = run(engine, lambda left: min(left, 5))
    end = records[-1]
    assert end.state == "stopped"
    epoch, batch = divmod(step, 10)
    assert f"epoch {epoch + 1}, batch {batch + 1}:" in end.reason
    assert "not finite" in end.reason and "smaller learning rate" in end.reason
    chunks = [record for record in records if isinstance(record, ChunkRecord)]
    losses = np.concatenate([chunk.losses for chunk in chunks])
    assert len(losses) == step + 1  # up to the bad one, so that a diagnosis sees it
    assert np.isfinite(losses[:-1]).all() and not np.isfinite(losses[-1])
    before = step - step % 5
    good = before - 5 if step % 5 == 0 and step else before
    assert engine.weight == trace[good]


def test_a_validation_loss_that_is_not_finite_ends_the_run():
    engine = FakeEngine(val_losses=[0.5, NAN, 0.4])
    records = run(engine)
    assert records[-1].state == "stopped"
    assert "epoch 2 on the validation data" in records[-1].reason
    assert engine.step == 10  # back before the chunk that led there
    assert np.isnan(records[-2].val_loss)


def test_early_stopping_waits_for_patience_and_brings_the_best_weights_back():
    val_losses = [0.9, 0.5, 0.6, 0.5, 0.55, 0.7, 0.4]
    plain = FakeEngine(val_losses=val_losses)
    run(plain, epochs=2)
    engine = FakeEngine(val_losses=val_losses)
    records = run(engine, epochs=50, early_stopping=True, patience=3)
    assert [r.epoch for r in records if isinstance(r, EpochRecord)] == [1, 2, 3, 4, 5]
    assert records[-1].reason == "early stopping: validation loss has not improved for 3 epochs"
    assert engine.weight == plain.weight  # those after epoch 2; an equal loss is no improvement


def test_the_best_weights_come_back_also_after_all_epochs():
    engine, plain = (FakeEngine(val_losses=[0.5, 0.4, 0.6]) for _ in range(2))
    run(engine, early_stopping=True, patience=5)
    run(plain, epochs=2)
    assert engine.weight == plain.weight
    run(without := FakeEngine(val_losses=[0.5, 0.4, 0.6]))
    assert without.weight != plain.weight


def test_min_delta_asks_for_more():
    engine = FakeEngine(val_losses=[1.0, 0.95, 0.91, 0.89, 0.85])
    records = run(engine, epochs=9, early_stopping=True, patience=2, min_delta=0.1)
    assert [r.epoch for r in records if isinstance(r, EpochRecord)] == [1, 2, 3]


def test_without_validation_data_the_training_loss_counts():
    engine = FakeEngine(val_losses=[None])
    records = run(engine, epochs=9, early_stopping=True, patience=2)
    assert records[-1].reason == "all 9 epochs are done"  # its training loss falls and falls
    assert [r.val_loss for r in records if isinstance(r, EpochRecord)] == 9 * [None]


def test_history_and_early_stopping_agree_on_the_best_epoch():
    generator = np.random.default_rng(0)
    for _ in range(200):
        values = generator.choice([0.1, 0.2, 0.25, 0.3, INF], size=generator.integers(1, 9))
        min_delta = float(generator.choice([0.0, 0.07]))
        stopping = EarlyStopping(patience=99, min_delta=min_delta)
        recorder = Recorder(TrainingConfig(min_delta=min_delta))
        for number, value in enumerate(values, start=1):
            record = EpochRecord(number, 1.0, {}, value, {}, 0.1, 0.0)
            stopping.after_epoch(FakeEngine(), record)
            recorder.epoch(record)
        assert stopping.best[0] == recorder.best_epoch == recorder.history().best_epoch
        assert stopping.best[0] == best_epoch(values, min_delta)


def test_the_log_speaks_each_tenth_of_the_epochs_and_at_the_end(caplog, capsys):
    with caplog.at_level(logging.INFO, "dlkit.training"):
        run(FakeEngine(val_losses=[0.25]), epochs=25)
    numbers = [int(message.split()[1]) for message in caplog.messages]
    assert numbers == [3, 6, 9, 12, 15, 18, 21, 24, 25]
    assert caplog.messages[0].startswith("epoch 3 of 25: training loss 0.7")
    assert caplog.messages[0].endswith(", validation loss 0.25")
    assert capsys.readouterr().out == ""


def test_an_exception_of_the_engine_is_handed_on():
    with pytest.raises(ArithmeticError, match="planted"):
        run(FakeEngine(fail_at=13))


def test_one_epoch_is_not_all_epochs():
    assert (
        run(FakeEngine(batches=2), lambda left: left, epochs=1)[-1].reason
        == "its one epoch is done"
    )
