"""Training: one visible loop for both engines, and a job that you can hold while it runs."""

from dlkit.training.compare import Comparison, compare
from dlkit.training.config import TrainingConfig
from dlkit.training.engine import Engine, epoch_order
from dlkit.training.job import TrainingJob
from dlkit.training.layer_records import LayerRecord
from dlkit.training.learning_rate_finder import LearningRateRange, find_learning_rate
from dlkit.training.loop import training_loop
from dlkit.training.plateau import ReduceLROnPlateau
from dlkit.training.records import (
    BatchRecord,
    ChunkRecord,
    EpochRecord,
    History,
    Status,
)
from dlkit.training.sweep import Sweep, sweep
from dlkit.training.together import train_together

__all__ = [
    "BatchRecord",
    "ChunkRecord",
    "Comparison",
    "Engine",
    "EpochRecord",
    "History",
    "LayerRecord",
    "LearningRateRange",
    "ReduceLROnPlateau",
    "Status",
    "Sweep",
    "TrainingConfig",
    "TrainingJob",
    "compare",
    "epoch_order",
    "find_learning_rate",
    "sweep",
    "train_together",
    "training_loop",
]
