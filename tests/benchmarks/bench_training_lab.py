"""The training lab while it trains: first point after Start, cost of the live picture, frames.

Run: python tests/benchmarks/bench_training_lab.py
"""

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from dlkit.labs import TrainingLab

ROUNDS = 9
LIMITS = {"numpy": 0.100, "keras": 0.300}  # seconds from Start to the first point, warm


def first_point(lab):
    """Return the seconds from pressing Start until the picture shows the first loss."""
    shown = []
    draw = lab.draw

    def noting(**options):
        draw(**options)
        if len(lab.job.history.batch_losses) and not shown:
            shown.append(time.perf_counter())

    lab.draw = noting
    began = time.perf_counter()
    lab.run()
    while not shown:
        time.sleep(0.0005)
    lab.stop()
    lab.wait()
    lab.draw = draw
    return shown[0] - began


def warm_start(engine):
    """Print how long the first point takes once the model has been used before."""
    lab = TrainingLab(engine=engine, epochs=5, pace=0.0)
    lab.run()
    lab.wait()
    times = []
    for round_ in range(ROUNDS):
        lab.controls.learning_rate.value = 0.001 + 0.0001 * round_
        times.append(first_point(lab))
    lab.close()
    median = statistics.median(times)
    print(
        f"Start to first point, {engine}: median {1000 * median:.0f} ms "
        f"({median / LIMITS[engine]:.2f} of the limit of {1000 * LIMITS[engine]:.0f} ms)"
    )


def live_cost(view):
    """Print the share of a full-speed run that its live picture and its live diagnosis take."""
    shares, frames = [], []
    for _ in range(ROUNDS):
        lab = TrainingLab(epochs=100, pace=0.0, view=view, early_stopping=False)
        spent, drawn = [], []

        def timed(action, *lists):
            def timing():
                began = time.perf_counter()
                action()
                for each in lists:
                    each.append(time.perf_counter() - began)

            return timing

        lab._draw_frame = timed(lab._draw_frame, spent, drawn)
        lab._show_diagnosis = timed(lab._show_diagnosis, spent)
        lab.run()
        lab.wait()
        elapsed = lab.job.status.elapsed
        shares.append(sum(spent) / elapsed)
        frames.append(len(drawn) / elapsed)
        lab.close()
    print(
        f"live picture ({view}) and diagnosis: {statistics.median(shares):.2%} of the training time "
        f"at {statistics.median(frames):.1f} frames a second (limits: 2 %, 10 frames)"
    )


if __name__ == "__main__":
    warm_start("numpy")
    warm_start("keras")
    live_cost("curves")
    live_cost("layers")
