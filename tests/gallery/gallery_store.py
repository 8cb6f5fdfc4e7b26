"""The gallery in two files: descriptions as JSON lines, rounded curves in one compressed array."""

import io
import json
import os
from pathlib import Path

import numpy as np

from dlkit.training.config import TrainingConfig
from dlkit.training.layer_records import LayerRecord
from dlkit.training.records import EpochRecord, History

HERE = Path(__file__).parent
RUNS, CURVES = HERE / "runs.jsonl", HERE / "curves.npz"
FIRST_BATCHES = 30  # batch losses that are kept of each run, with the last one if it is not finite
LAYER_VALUES = ("gradient_norm", "update_ratio", "dead_share")


def pack(spec, history):
    """Return the numbers of a run as one float32 vector, and how to read them, as a dictionary."""
    columns, batches = history.history, history.batch_losses
    kept = batches[:FIRST_BATCHES]
    if len(batches) > len(kept) and not np.isfinite(batches).all():
        kept = np.append(kept, batches[~np.isfinite(batches)][0])
    layers = history.layers
    rows = [kept, *columns.values()]
    for layer in layers.values():
        rows += [[_number(row[name]) for row in layer] for name in LAYER_VALUES]
    about = {
        **spec,
        "columns": list(columns),
        "layers": list(layers),
        "batches": len(kept),
        "epochs": len(history),
        "stop_reason": history.stop_reason,
    }
    with np.errstate(over="ignore"):
        numbers = np.concatenate([np.asarray(row, "float64") for row in rows]).astype("float32")
    return about, _rounded(numbers)


def unpack(about, numbers):
    """Return the `History` that `pack` took apart."""
    numbers = np.asarray(numbers, "float64")
    batches, rest = numbers[: about["batches"]], numbers[about["batches"] :]
    table = rest.reshape(-1, about["epochs"]) if about["epochs"] else np.empty((0, 0))
    names = about["columns"]
    config = TrainingConfig(**{"seed": about["seed"], "record_layers": True, **about["config"]})
    records = []
    for epoch in range(about["epochs"]):
        values = dict(zip(names, table[: len(names), epoch].tolist()))
        layers = tuple(
            LayerRecord(name, *(_or_none(v) for v in table[at : at + 3, epoch]))
            for at, name in enumerate_by(about["layers"], len(names), 3)
        )
        metrics = {k: v for k, v in values.items() if k not in ("loss", "val_loss")}
        records.append(
            EpochRecord(
                epoch + 1,
                values["loss"],
                {k: v for k, v in metrics.items() if not k.startswith("val_")},
                values["val_loss"],
                {k[4:]: v for k, v in metrics.items() if k.startswith("val_")},
                config.learning_rate,
                0.0,
                layers,
            )
        )
    return History(records, batches, config, about["stop_reason"])


def enumerate_by(names, start, step):
    """Yield (start, first name), (start + step, second name), …"""
    return zip(range(start, start + step * len(names), step), names)


def save(runs):
    """Write all runs, each a pair (about, numbers)."""
    lengths = np.array([len(numbers) for _, numbers in runs], "int32")
    buffer = io.BytesIO()
    values = np.concatenate([numbers for _, numbers in runs])
    # The bytes of like weight together: high ones repeat, low ones are 0 after rounding.
    planes = values.view("uint8").reshape(-1, 4).T.copy()
    np.savez_compressed(buffer, lengths=lengths, planes=planes)
    lines = "".join(json.dumps(about, sort_keys=True) + "\n" for about, _ in runs)
    for path, content in ((CURVES, buffer.getvalue()), (RUNS, lines.encode())):
        beside = path.with_suffix(".part")
        beside.write_bytes(content)
        os.replace(beside, path)


def load(part=None):
    """Return the runs of ``"development"`` or ``"held_out"``, or all: (about, History) pairs."""
    with np.load(CURVES, allow_pickle=False) as file:
        ends = np.cumsum(file["lengths"])
        values = file["planes"].T.copy().view("float32").ravel()
    lines = RUNS.read_text(encoding="utf-8").splitlines()
    runs = []
    for line, end, before in zip(lines, ends, [0, *ends[:-1]], strict=True):
        about = json.loads(line)
        if part in (None, about["part"]):
            runs.append((about, unpack(about, values[before:end])))
    return runs


def _rounded(values):
    """Round to 11 bits of mantissa, about 3.5 digits: what is left compresses well."""
    bits = values.view("uint32")
    rounded = ((bits + np.uint32(0x800)) & np.uint32(0xFFFFF000)).view("float32")
    return np.where(np.isfinite(values), rounded, values)


def _number(value):
    return np.nan if value is None else value


def _or_none(value):
    return None if np.isnan(value) else float(value)
