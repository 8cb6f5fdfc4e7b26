"""An engine without mathematics: exact numbers, faults on request, and as slow as a test wants."""

import time

import numpy as np

from dlkit.training import epoch_order


class FakeEngine:
    """Its one weight follows the order of the samples, so a wrong order or resume shows at once."""

    name = "fake"

    def __init__(self, batches=10, seconds=0.0, losses=None, val_losses=None, fail_at=None):
        self.batches_per_epoch = batches
        self.seconds = seconds
        self.losses = losses or {}  # step (from 0) -> loss instead of the usual one
        self.val_losses = val_losses
        self.fail_at = fail_at
        self.seed = 0
        self.calls = []
        self.reset()

    def begin_epoch(self, epoch):
        self.epoch = epoch
        self.order = epoch_order(self.batches_per_epoch, self.seed, epoch)
        self.sum = 0.0

    def run(self, first, count):
        self.calls.append((self.epoch, first, count))
        losses = []
        for sample in self.order[first : first + count]:
            if self.step == self.fail_at:
                raise ArithmeticError("the planted fault")
            time.sleep(self.seconds)
            losses.append(float(self.losses.get(self.step, 1.0 / (1.0 + self.weight))))
            self.sum += losses[-1]  # one by one: the size of chunks must change no bit
            self.weight += 0.01 * (1.0 + float(np.sin(sample)))
            self.step += 1
        return np.array(losses)

    def train_metrics(self):
        return {"loss": self.sum / self.batches_per_epoch, "accuracy": 0.5}

    def evaluate(self, part):
        if self.val_losses is None:
            return 1.0 / (1.0 + self.weight), {"accuracy": 0.5}
        loss = self.val_losses[min(self.epoch, len(self.val_losses)) - 1]
        return loss, {} if loss is None else {"accuracy": 0.5}

    def predict(self, x):
        return np.full(len(x), self.weight)

    def weights(self):
        return self.weight

    def set_weights(self, weights):
        self.weight = weights

    def snapshot(self):
        return self.weight, self.step

    def restore(self, snapshot):
        self.weight, self.step = snapshot

    def reset(self):
        self.weight, self.step = 0.0, 0

    def reconfigure(self, config):
        self.seed = config.seed

    def set_learning_rate(self, value):
        self.learning_rate = value
