"""What arguments of preparation, of folders of images and of augmentation take: `PREPARATION`."""

import functools

import numpy as np
import pandas
from bad_values import (
    Argument,
    Made,
    array,
    choice,
    count,
    dictionary,
    number,
    path,
    text,
    thing,
    truth,
)
from bad_values import shape as lengths
from good_common import TASK, optional
from good_things import folder

from dlkit import datasets
from dlkit.preparation import prepare

random = np.random.default_rng(3)
TABLE = pandas.DataFrame(
    {
        "size": random.normal(size=60).round(3),
        "city": random.choice(["Oslo", "Voss"], 60),
        "owner": np.arange(60) // 3,
        "price": random.normal(size=60).round(3),
    }
)
FLIP, SHIFT = truth(True), number(0.1, minimum=0, maximum=1)
CHANGES = {
    "flip": FLIP,
    "shift": SHIFT,
    "rotate": number(10.0, minimum=0, maximum=180),
    "fill": choice("constant", ("nearest", "constant")),
}
NOT_TABLES = (np.ones((3, 2)), pandas.Series([1.0, 2.0]), TABLE[:0])
COLUMN = choice("owner", list(TABLE.columns))
PARTS = thing(TABLE[:9], np.ones((3, 2)), TABLE[:9].drop(columns="size"), optional=True)


@functools.cache
def csv_file():
    """Return the path of a small table."""
    TABLE.to_csv(folder() / "table.csv", index=False)
    return folder() / "table.csv"


@functools.cache
def images():
    """Return a folder of twenty images in two classes."""
    from PIL import Image

    for name, grey in (("dark", 20), ("light", 220)):
        (folder() / "images" / name).mkdir(parents=True)
        for i in range(10):
            Image.new("L", (6, 6), grey + i).save(folder() / "images" / name / f"{i}.png")
    return folder() / "images"


def prepared():
    """Return a table that is ready to train on."""
    return prepare(TABLE, "price")


FILE = {"errors": (TypeError, ValueError, OSError)}
PREPARATION = {
    "datasets.augment": {"x": array(random.random((6, 4, 4, 1)).astype("float32"), alone=True), **CHANGES},
    "augmentation_layers": {**CHANGES, "seed": number(0, minimum=0, whole=True)},
    "datasets.image_folder": {
        "path": path(Made(images), "no/such/folder", __file__, names=("path", "There is no folder")),
        "size": lengths((4, 6)),
        "colour": choice("grey", ("rgb", "grey")),
        "damaged": choice("skip", ("refuse", "skip")),
    },
    "datasets.file_of": {"name": choice("houses", [*datasets.OWN, "seedlings"])},
    "datasets.sensor": {"window": number(12, minimum=1, maximum=500, whole=True)},
    "datasets.sentences": {"length": number(12, minimum=2, maximum=200, whole=True)},
    "preparation.read_csv": {
        "path": path(Made(csv_file), "no/such/file.csv", "."),
        "delimiter": Argument(",", (3, "", " ", "comma", True, [","], {}, b",", np.nan), (None,)),
        "decimal": Argument(".", (3, "", " ", "point", True, ["."], {}, b".", np.nan), (None,)),
        "encoding": Argument("utf-8", (3, "", "utf-9", True, ["utf-8"], {}, b"utf-8", np.nan), (None,)),
    },
    "preparation.find_leaks": {
        "table": thing(TABLE, *NOT_TABLES),
        "target": choice("price", list(TABLE.columns)),
        "task_type": optional(TASK),
        "validation": PARTS,
        "test": PARTS,
        "group": optional(COLUMN),
        "time": optional(COLUMN),
    },
    "preparation.prepare": {
        "table": thing(TABLE, *NOT_TABLES, names=("table", "path", "There is no file"), **FILE),
        "target": choice("price", list(TABLE.columns)),
        "task_type": optional(choice("regression", ("classification", "regression"))),
        "group": optional(COLUMN),
        "time": optional(COLUMN),
        "drop": Argument(("owner",), (3, None, {}, True, np.nan, [3], [None], ["ownr"], "ownr", b"owner"), ("owner", [])),
        "missing": choice("mean", ("median", "mean", "most_frequent", "drop")),
        "duplicates": choice("keep", ("drop", "keep")),
        "outliers": choice("keep", ("clip", "keep", "drop")),
        "categories": choice("ordinal", ("one-hot", "ordinal")),
        "ordinal": optional(dictionary(
            {"city": ["Oslo", "Voss"]}, {"city": "Oslo"}, {"city": ["Oslo"]}, {"city": [1, 2]}, {"cty": ["a", "b"]},
            {"city": None}, {3: ["a", "b"]}, {"city": ["a", "A"]}, {"price": ["a", "b"]},
        )),
        "scaling": choice("minmax", ("standard", "minmax", "none")),
        "scale_target": optional(truth(True)),
        "select": count(2, optional=True),
        "leaks": choice("drop", ("report", "drop")),
        "name": text("a table"),
    },
    "preparation.Prepared.transform": {
        "rows": Argument(
            TABLE, (None, 3, 2.5, "", "no/such.csv", [], {}, [3], {"size": 3}, True, np.nan, object(), b"b", *NOT_TABLES,
                    TABLE.drop(columns="city")),
            (TABLE.to_dict("list"), TABLE[:2].to_dict("records")), names=("rows", "path", "There is no file"), **FILE,
        ),
    },
    "preparation.Prepared.target_in_units": {"values": array(np.ones((4, 1)), any_shape=True)},
}  # fmt: skip
