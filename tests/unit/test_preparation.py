"""Preparation: what is found in a file, what is learned from the training rows alone, what leaks."""

import subprocess
import sys
import textwrap

import numpy as np
import pandas
import pytest

from dlkit import prepare
from dlkit.preparation import find_leaks, read_csv
from dlkit.preparation.columns import decide
from dlkit.preparation.numbers import UNITS, decimal_sign, parse_number

random = np.random.default_rng(1)


def houses(rows=200):
    """Return a small table with something of everything."""
    size = random.uniform(40, 200, rows)
    return pandas.DataFrame(
        {
            "size": size,
            "city": random.choice(["Oslo", "Bergen", "Voss"], rows),
            "rooms": np.where(random.random(rows) < 0.1, np.nan, size // 30),
            "sold": pandas.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "owner": random.integers(0, rows // 4, rows),
            "price": 3000 * size + random.normal(0, 40_000, rows),
        }
    )


# -- reading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_how_a_file_is_written_is_found(tmp_path, delimiter, decimal, encoding):
    table = pandas.DataFrame(
        {
            "größe": [1.25, 2.5, 1234.75, -0.5],
            "stadt": ["Zürich", "Köln", "a, b; c", "Ålesund"],
            "n": [1, 2, 3, 4],
        }
    )
    table.to_csv(tmp_path / "t.csv", sep=delimiter, decimal=decimal, encoding=encoding, index=False)
    if delimiter == decimal:
        found = read_csv(tmp_path / "t.csv", decimal=decimal)
    else:
        found = read_csv(tmp_path / "t.csv")
    pandas.testing.assert_frame_equal(found, table, check_dtype=False)
    assert any("fields separated by" in note for note in found.attrs["notes"])


def test_thousands_and_words_for_missing_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n1.234,5;1;x\n2.000.000,25;?;N/A\n3,5;-;y\n", encoding="utf-8")
    found = read_csv(path)
    assert found["a"].tolist() == [1234.5, 2000000.25, 3.5]
    assert found["b"].isna().tolist() == [False, True, True] and found["c"].isna().sum() == 1


@pytest.mark.parametrize(("thousands", "decimal"), [(".", ","), (",", ".")])
def test_the_sign_between_thousands_is_no_vote_for_the_decimal_sign(tmp_path, thousands, decimal):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a;b;c", *[f"1{thousands}250;7{thousands}500;0{decimal}5"] * 9]))
    assert read_csv(path).iloc[0].tolist() == [1250, 7500, 0.5]


def test_a_file_without_a_header_and_one_with_names_twice(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("1,2\n3,4\n", encoding="utf-8")
    assert read_csv(path).columns.tolist() == ["column 1", "column 2"]
    path.write_text("a, 🏠 ,,b\n1,2,3,4\n", encoding="utf-8")
    assert read_csv(path).columns.tolist() == ["a", "🏠", "column 3", "b"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b" \n \n", "it is empty"),
        (b"a,b\n", "has a header only"),
        (b"a,b\n1,2\n1,2,3,4\n", "line 3 has 4 fields"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "no closing quote|is damaged"),
        (b"a,b\n1,2,x\n3,4,y\n", "more fields than its header has names|line 2 has 3"),
        (
            b"\nmade, by me\na,b,c\n1,2,3\n",
            "Taken as the header: line 2, 'made, by me'. If that is a",
        ),
        (b"PK\x03\x04abc", "Excel"),
        (b"\x1f\x8b\x08abc", "gzip"),
        (b"\x89PNG\r\n", "picture"),
        (b"a,b\n1,\0\0\0\n", "NUL"),
        (b"a,b\n\x81\x8d\x8f,2\n", "neither in UTF-8 nor in Windows-1252"),
        (b"\xef\xbb\xbfa,b\n\xff\xfe,2\n", "damaged, or is not in utf-8-sig"),
    ],
)
def test_damaged_files_are_named(tmp_path, content, words):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_csv(tmp_path / "t.csv")


def test_fields_between_runs_of_blanks_are_read(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("size   city  price\n 1.5   Oslo  20\n12.5   Voss   3 \n", encoding="utf-8")
    table = read_csv(path)
    assert table.to_dict("list") == {
        "size": [1.5, 12.5],
        "city": ["Oslo", "Voss"],
        "price": [20, 3],
    }
    assert "fields separated by blanks" in table.attrs["notes"][-1]
    path.write_text("name\nAnna Berg\nBo Ek\n", encoding="utf-8")
    assert read_csv(path).columns.tolist() == ["name"], "words of a text are no fields"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "t.csv", "wb") as file:
        file.truncate(513 * 2**20)  # no bytes on the disk
    with pytest.raises(ValueError, match="at most 512 MB, but t.csv has 513 MB"):
        read_csv(tmp_path / "t.csv")


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_csv(tmp_path / "t.csv")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        prepare(tmp_path, "y")


# -- types -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("12", ".", (12.0, "")), ("-1,250.5", ".", (-1250.5, "")), ("1.250,5 €", ",", (1250.5, "€")),
        ("$ 3.50", ".", (3.5, "$")), ("1 250 kg", ".", (1250.0, "kg")), ("120 m²", ".", (120.0, "m²")),
        ("3,5", ".", (3.5, "")), ("1,250", ".", (1250.0, "")), ("1,250", ",", (1.25, "")), ("45%", ".", (45.0, "%")),
        ("250 k", ".", (250_000.0, "")), ("1.5e3", ".", (1500.0, "")), ("−4", ".", (-4.0, "")),
        ("3.4.2024", ".", None), ("H0012", ".", None), ("twelve", ".", None), ("", ".", None), ("1.2.3", ".", None),
        ("12 apples", ".", None), ("1'000'000", ".", (1e6, "")),
        ("€12k", ".", (12_000.0, "€")), ("12 k€", ".", (12_000.0, "€")), ("$1.5 Mio.", ".", (1.5e6, "$")),
        ("12 Tsd. EUR", ".", (12_000.0, "€")), ("$5 USD", ".", (5.0, "$")), ("€ 1.200,–", ",", (1200.0, "€")),
        ("1.200,- €", ",", (1200.0, "€")), ("€12/m2", ".", None), ("€5 kg", ".", None), ("$5 €", ".", None),
        ("€ 3 to 4", ".", None), ("5 -", ".", None), ("250K", ".", (250_000.0, "")),
    ],
)  # fmt: skip
def test_numbers_in_text(text, decimal, expected):
    assert parse_number(text, decimal) == expected


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_read(unit):
    for written in (unit, unit.upper(), f" {unit}", f" {unit.upper()}", f" {unit}."):
        value, found = parse_number(f"50.1{written}")
        assert value == 50.1 and UNITS[found] == UNITS[unit], written
    assert parse_number(f"3 {unit}") == (3.0, unit), "as it was written"


def test_multiples_behind_a_currency_count():
    texts = pandas.Series(["€1k", "€2000", "€3k", "4 TEUR", "5 EUR"] * 2)
    column = decide("price", texts)
    assert column.unit == "€"
    np.testing.assert_array_equal(column.values(texts)[0][:5], [1000, 2000, 3000, np.nan, 5])
    assert "'4 TEUR'" in column.note, "what is unknown is no number, and said"


def test_the_column_tells_the_decimal_sign():
    assert decimal_sign(["1.234,5", "12"]) == ","
    assert decimal_sign(["1,5", "2,25", "1,250"]) == ","
    assert decimal_sign(["1.5", "1,250"]) == "."
    assert decimal_sign(["1,250"]) == "."


def test_codes_that_begin_with_zero_are_no_numbers(tmp_path):
    postal, amounts = ["01067", "80331", "", "04109"], ["0700", "20", "3", "1000"]
    rows = [f"{i},{postal[i % 4]},{amounts[i % 4]},{i % 7}" for i in range(40)]
    (tmp_path / "homes.csv").write_text("number,postal code,amount,price\n" + "\n".join(rows))
    table = read_csv(tmp_path / "homes.csv")
    assert set(table["postal code"].dropna()) == {"01067", "80331", "04109"}
    assert table["amount"].max() == 1000, "digits of different length are numbers"
    column = decide("postal code", table["postal code"])
    assert column.kind == "category", "a code is not an amount"
    assert "codes of 5 digits" in column.note


def test_units_are_brought_together():
    column = decide("area", pandas.Series(["100 m²", "50 m²", "1000 sq ft", "3 kg", None]))
    values = column.values(pandas.Series(["100 m²", "1000 sq ft", "3 kg", "77", None]))[0]
    np.testing.assert_allclose(values, [100, 92.90304, np.nan, 77, np.nan])
    assert "converted to m²" in column.note and "1 value in kg taken for missing" in column.note


@pytest.mark.parametrize(
    ("texts", "day_first"),
    [
        (["3.4.2024", "25.12.2024"], True),
        (["03/04/2024", "12/25/2024"], False),
        (["2024-04-03", "2024-12-25"], True),
    ],
)
def test_dates_are_days_and_seasons(texts, day_first):
    column = decide("day", pandas.Series(texts))
    assert column.kind == "date" and column.day_first == day_first
    days, sine, cosine = column.values(pandas.Series([texts[1], None, "nonsense"]))
    assert np.isnan(days[1:]).all()
    first = pandas.Timestamp(2024, 3, 4) if not day_first else pandas.Timestamp(2024, 4, 3)
    assert days[0] == (pandas.Timestamp(2024, 12, 25) - first).days
    assert sine[0] ** 2 + cosine[0] ** 2 == pytest.approx(1)


def test_the_units_of_a_target_are_said():
    weights = [f"{i} kg" if i % 3 else f"{1000 * i} g" for i in range(60)]
    ready = prepare(pandas.DataFrame({"a": range(60), "weight": weights}), "weight")
    assert "weight: read as numbers, in kg; 20 values in g converted to kg." in ready.notes
    assert " kg, and 1 more for " in ready.report and " kg more." in ready.report
    assert 55 < ready.target_in_units(ready.data.y_train).max() < 60


# -- preparing ---------------------------------------------------------------------------------------


def test_a_table_becomes_data_and_stays_as_it_was():
    table = houses()
    before = table.copy()
    ready = prepare(table, "price", test_fraction=0.2, seed=1)
    pandas.testing.assert_frame_equal(table, before)
    data = ready.data
    assert [len(data.x_train), len(data.x_validation), len(data.x_test)] == [120, 40, 40]
    assert data.task_type == "regression" and data.target_name == "price"
    np.testing.assert_allclose(data.y_train.mean(), 0, atol=1e-5)
    assert data.x_train.dtype == np.float32 and np.isfinite(data.x_validation).all()
    assert {"city_Bergen", "city_Oslo", "city_Voss", "size"} <= set(data.feature_names)
    back = ready.target_in_units(np.concatenate([data.y_train, data.y_validation, data.y_test]))
    np.testing.assert_allclose(np.sort(back[:, 0]), np.sort(table["price"]), rtol=1e-4)


def test_only_the_training_rows_are_looked_at():
    """What stands in the other parts cannot change what is learned."""
    table = houses().drop(columns=["owner"])
    ready = prepare(table, "price", time="sold", leaks="report")
    rest = table.copy()
    later = table.index >= 160
    rest.loc[later, "size"] *= 1000
    rest.loc[later, "city"] = "Elsewhere"
    rest.loc[later, "rooms"] = 99.0
    other = prepare(rest, "price", time="sold")
    np.testing.assert_array_equal(ready.data.x_train, other.data.x_train)
    np.testing.assert_array_equal(ready.data.y_train, other.data.y_train)
    assert ready.data.feature_names == other.data.feature_names


def test_new_rows_are_treated_alike():
    table = houses()
    ready = prepare(table, "price")
    both = np.concatenate([ready.data.x_train, ready.data.x_validation])
    new = ready.transform(table.drop(columns="price"))
    assert {row.tobytes() for row in new} == {row.tobytes() for row in both}
    one = ready.transform(
        [{"size": 50, "city": "Nowhere", "rooms": None, "sold": "2030-01-01", "owner": 1}]
    )
    assert one.shape == (1, both.shape[1]) and np.isfinite(one).all()
    with pytest.raises(ValueError, match="rows must have the column 'city'.*Is it 'City'"):
        ready.transform(table.rename(columns={"city": "City"}))


def test_new_rows_are_read_with_the_decimal_sign_of_training(tmp_path):
    german = tmp_path / "train.csv"
    rows = [f"{1 + i % 9}.{100 + i};{i % 5},5;{4109 + i % 3:05d};{i}" for i in range(60)]
    german.write_text("\n".join(["x;z;postal code;y", *rows]), encoding="utf-8")
    new = tmp_path / "new.csv"
    new.write_text("postal code,x,z\n04109,5.105,1\n10117,5.105,2\n", encoding="utf-8")
    for table in (german, read_csv(german)):
        ready = prepare(table, "y", task_type="regression", scaling="none")
        at = ready.data.feature_names.index("x")
        assert ready.transform(new)[0, at] == 5105
        assert ready.transform([{"x": "5.105", "z": "1,5", "postal code": "04109"}])[0, at] == 5105
        assert ready.transform({"x": [5.105], "z": [1], "postal code": [""]})[0, at] == 5.105
        known = ready.data.feature_names.index("postal code_04109")
        assert ready.transform(new)[:, known].tolist() == [1, 0], "codes keep their zero"
    english = prepare(pandas.DataFrame({"x": [f"{i}.5" for i in range(60)], "y": range(60)}), "y")
    assert english.transform([{"x": "7.5"}]) == english.transform([{"x": 7.5}])


def test_missing_values_outliers_and_scaling():
    table = pandas.DataFrame(
        {"a": [*range(99), 10_000.0], "b": [None, *range(99)], "y": np.arange(100.0) * 1.5}
    )
    table = table.sample(frac=1, random_state=0)
    ready = prepare(table, "y", scaling="minmax", missing="mean")
    assert ready.data.x_train.min() == 0 and ready.data.x_train.max() == 1
    kept = prepare(table, "y", outliers="keep", scaling="none")
    everything = np.concatenate([kept.data.x_train, kept.data.x_validation])
    assert everything.max() == 10_000
    clipped = prepare(table, "y", scaling="none")
    assert np.concatenate([clipped.data.x_train, clipped.data.x_validation]).max() < 500
    dropped = prepare(table, "y", outliers="drop", missing="drop")
    assert len(dropped.data.x_train) in (78, 79) and "left out" in dropped.report


def test_a_column_that_is_the_same_wherever_it_is_known_is_left_out():
    rare = [np.nan] * 57 + [5.0] * 3
    table = pandas.DataFrame({"rare": rare, "a": [np.nan, *range(59)], "y": np.arange(60.0)})
    table = table.sample(frac=1, random_state=0)
    ready = prepare(table, "y", test_fraction=0.0, validation_fraction=0.1)
    assert ready.data.feature_names == ("a",)
    assert "rare is left out: it is 5 wherever it is known." in ready.notes
    assert decide("a", pandas.Series(["Oslo", "oslo", "Oslo", None])).kind == "left out"
    assert "1 missing number in 1 column (training rows) replaced by the median" in ready.report


def test_categories_are_columns_or_numbers_or_grades():
    sizes = ["small", "large", "medium", "large ", "LARGE"] * 8
    table = pandas.DataFrame({"size": sizes, "n": range(40), "y": ["a", "b"] * 20})
    one_hot = prepare(table, "y").data
    assert [name for name in one_hot.feature_names if name != "n"] == [
        "size_large",
        "size_medium",
        "size_small",
    ]
    numbered = prepare(table, "y", categories="ordinal", scaling="none").data
    assert numbered.input_shape == (2,)
    order = ["small", "medium", "large"]
    graded = prepare(table, "y", ordinal={"size": order}, scaling="none")
    new = graded.transform(pandas.DataFrame({"size": [*order, "huge"], "n": 0}))
    np.testing.assert_array_equal(new[:3, list(graded.data.feature_names).index("size")], [0, 1, 2])


def test_the_best_features_are_selected():
    x = random.normal(size=(200, 6))
    table = pandas.DataFrame(x, columns=list("abcdef"))
    table["y"] = 2 * table["c"] - table["e"] + random.normal(0, 0.1, 200)
    ready = prepare(table, "y", select=2)
    assert ready.data.feature_names == ("c", "e")
    assert ready.transform(table).shape == (200, 2)
    with pytest.raises(ValueError, match="select must be at most the number of features, 6"):
        prepare(table, "y", select=7)


def test_duplicates_go_before_the_split():
    table = pandas.concat([houses(60)] * 2)
    assert len(prepare(table, "price").data.x_train) == 48
    kept = prepare(table, "price", duplicates="keep")
    assert [leak.kind for leak in kept.leaks if leak.kind == "same rows"] == ["same rows"]


# -- parts -------------------------------------------------------------------------------------------


def test_classes_are_spread_in_proportion():
    table = pandas.DataFrame({"a": random.normal(size=100), "y": ["x"] * 80 + ["z"] * 20})
    data = prepare(table, "y", test_fraction=0.2).data
    assert data.class_names == ("x", "z")
    assert [int((getattr(data, f"y_{p}") == 1).sum()) for p in ("train", "validation", "test")] == [
        12,
        4,
        4,
    ]


def test_groups_stay_together_and_time_goes_on():
    table = houses()
    ready = prepare(table, "price", group="owner", test_fraction=0.2)
    assert "owner" not in ready.data.feature_names
    assert not [leak for leak in ready.leaks if leak.kind == "same group"]
    ready = prepare(table, "price", time="sold", test_fraction=0.2)
    place = list(ready.data.feature_names).index("sold (days)")
    days = [getattr(ready.data, f"x_{p}")[:, place] for p in ("train", "validation", "test")]
    assert days[0].max() < days[1].min() and days[1].max() < days[2].min()
    assert not [leak for leak in ready.leaks if leak.kind == "overlap in time"]


# -- leaks -------------------------------------------------------------------------------------------


def leaking(**more):
    table = houses(300)
    return table.assign(**{name: value(table) for name, value in more.items()})


@pytest.mark.parametrize(
    "leak",
    [
        lambda t: t["price"],
        lambda t: (0.03 * t["price"]).round(),
        lambda t: np.log(t["price"].clip(1)),
        lambda t: "€ " + t["price"].round(2).astype(str),
        lambda t: -(t["price"] ** 3),
    ],
)
def test_copies_of_the_target_are_found_with_evidence(leak):
    table = leaking(afterwards=leak)
    (found,) = (
        each for each in prepare(table, "price").leaks if each.kind == "predicts the target"
    )
    assert found.column == "afterwards" and "%" in found.evidence and "drop=" in found.advice
    ready = prepare(table, "price", leaks="drop")
    assert not any("afterwards" in name for name in ready.data.feature_names)


def test_leaks_of_classes_are_found():
    y = random.choice(["no", "yes"], 400, p=[0.7, 0.3])
    table = pandas.DataFrame({
        "honest": (y == "yes") + random.normal(0, 0.7, 400),
        "code": np.where(y == "yes", "K7", "B2"),
        "discharged": np.where(y == "yes", random.integers(1, 30, 400).astype(float), np.nan),
        "y": y,
    })  # fmt: skip
    found = {leak.column: leak.kind for leak in prepare(table, "y").leaks}
    assert found == {"code": "predicts the target", "discharged": "missing where"}


@pytest.mark.parametrize("where", ["higher", "lower"])
def test_a_column_that_is_filled_where_the_target_is_high_is_found(where):
    table = houses(300)
    high = table.price > 350_000
    known = high if where == "lower" else ~high
    table["commission date"] = np.where(known, random.integers(1, 9, 300), np.nan)
    by_chance = random.random(300) < 0.1 + 0.8 * (table.price.rank() / 300)
    table["balcony"] = np.where(by_chance, random.integers(1, 9, 300), np.nan)
    (found,) = (leak for leak in find_leaks(table, "price") if leak.kind == "missing where")
    assert found.column == "commission date" and f"price is {where} where" in found.evidence
    ready = prepare(table, "price", leaks="drop")
    assert not any("commission" in name for name in ready.data.feature_names)


def test_overlap_in_time_comes_last_with_advice_that_can_be_followed():
    table = leaking(afterwards=lambda t: t["price"])
    ready = prepare(table, "price", group="owner", test_fraction=0.2)
    assert [leak.kind for leak in ready.leaks] == ["predicts the target", *["overlap in time"] * 2]
    assert "time='sold' instead of group='owner'" in ready.leaks[-1].advice
    lines = ready.report.splitlines()
    assert lines[0].startswith("- Look at this first: afterwards")
    assert "Look at this first" not in lines[1] + lines[2] and "time='sold'" in lines[1]


def test_honest_tables_have_no_leak():
    for seed in range(5):
        table = houses()[["size", "city", "rooms", "price"]]
        assert not prepare(table, "price", seed=seed).leaks
    from sklearn.datasets import load_breast_cancer, load_iris, load_wine

    for load in (load_iris, load_wine, load_breast_cancer):
        table = load(as_frame=True).frame
        assert not [leak for leak in prepare(table, "target").leaks if leak.kind != "same rows"]


def test_overlap_between_parts_is_found():
    table = houses()
    train, validation = table.iloc[::2], table.iloc[1::2]
    kinds = {
        leak.kind: leak.column
        for leak in find_leaks(train, "price", validation=validation, group="owner")
    }
    assert kinds == {"same group": "owner", "overlap in time": "sold"}
    kinds = {leak.kind for leak in find_leaks(train, "price", validation=train.iloc[:9])}
    assert "same rows" in kinds


def test_rows_count_as_the_same_only_if_two_columns_say_so():
    table = pandas.DataFrame(
        {"a": np.arange(100) % 50, "same": 1, "empty": np.nan, "y": random.normal(size=100)}
    )
    assert not find_leaks(table[:60], "y", validation=table[60:])
    (found,) = find_leaks(
        table[:60].assign(b=table.a), "y", validation=table[60:].assign(b=table.a)
    )
    assert found.kind == "same rows" and "40 of 40" in found.evidence
    assert "everything but y" in found.evidence and "duplicates=" not in found.advice
    (found,) = find_leaks(table[:60].assign(b=table.a), "y", validation=table[:9].assign(b=table.a))
    assert "9 of 9" in found.evidence and "duplicates='drop'" in found.advice


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["Yes", "no", "yes", "Yes", "No", "no"], ("Yes", "no")),
        (["Y", "n", "y", "Y"], ("Y", "n")),
        (["1", "1.0", "2", "2.00", "10", "10.0", "1", "2", "10"], ("1", "10", "2")),
        (["a", "A", "b"], ("A", "a", "b")),
        (["CO", "Co", "x"], ("CO", "Co", "x")),
        (["3.1", "3.10", "x"], ("3.1", "3.10", "x")),
    ],
)
def test_spellings_of_one_class_are_joined_and_said(labels, classes):
    labels = labels * 12
    table = pandas.DataFrame({"a": random.normal(size=len(labels)), "y": labels})
    ready = prepare(table, "y", task_type="classification")
    assert ready.data.class_names == classes
    assert ("other spellings of a class" in ready.report) == (len(set(labels)) > len(classes))


# -- what must be survived ---------------------------------------------------------------------------


def test_a_target_with_one_class_is_refused_in_words():
    table = pandas.DataFrame({"a": range(30), "y": ["same"] * 30})
    with pytest.raises(ValueError, match="two or more classes.*'same' in all 30 rows"):
        prepare(table, "y")
    with pytest.raises(ValueError, match="'same' in all 30 rows left of 35: there is nothing"):
        prepare(pandas.concat([table, table[:5]]), "y")


def test_why_no_column_is_left_is_said(tmp_path):
    path = tmp_path / "only.csv"
    path.write_text("y\n" + "\n".join(map(str, range(30))), encoding="utf-8")
    with pytest.raises(ValueError, match="none is left. It holds nothing but y.$"):
        prepare(path, "y")
    table = read_csv(path).assign(a=1, b=2)
    with pytest.raises(
        ValueError,
        match="none is left. Left out as you asked: b. a is left out: it is 1 in every training row.$",
    ):
        prepare(table, "y", drop="b")


def test_three_rows():
    table = pandas.DataFrame({"a": [1.0, 2.0, 4.0], "y": [1.5, 2.5, 3.7]})
    ready = prepare(table, "y")
    assert len(ready.data.x_train) == 2 and "says little" in ready.report
    words = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "y": ["p", "q", "q"]})
    for seed in range(6):  # whether training gets both classes depends on the draw
        try:
            assert prepare(words, "y", seed=seed).data.output_dim == 2
        except ValueError as error:
            assert "training rows have the class" in str(error)
    with pytest.raises(ValueError, match="2 or more rows"):
        prepare(words[:1], "y")


def test_more_classes_in_validation_than_in_training():
    table = pandas.DataFrame(
        {"a": range(100), "day": range(100), "y": ["p", "q"] * 40 + ["p", "new"] * 10}
    )
    ready = prepare(table, "y", time="day")
    assert ready.data.class_names == ("p", "q")
    assert "10 of 20 validation rows have classes that training never saw" in ready.report
    assert len(ready.data.x_validation) == 10


@pytest.mark.parametrize("columns", [2000, pytest.param(10_000, marks=pytest.mark.full)])
def test_thousands_of_columns(columns):
    table = pandas.DataFrame(random.normal(size=(60, columns)))
    table["y"] = random.choice(["a", "b"], 60)
    ready = prepare(table, "y", select=50)
    assert ready.data.input_shape == (50,)


def test_an_emoji_a_date_and_words_in_one_file(tmp_path):
    path = tmp_path / "t.csv"
    lines = [
        f"{i % 7},{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024,{'good' if i % 3 else 'bad'}"
        for i in range(90)
    ]
    path.write_text("\n".join(["size 🏠,day,label 🎯", *lines]) + "\n", encoding="utf-8")
    ready = prepare(path, "label 🎯")
    assert ready.data.class_names == ("bad", "good") and "size 🏠" in ready.data.feature_names
    assert ready.data.target_name == "label 🎯" and "read as days" in ready.report


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": "prise"}, "Did you mean 'price'"),
        ({"group": "ownr"}, "group must be one of.*Did you mean 'owner'"),
        ({"group": "owner", "time": "sold"}, "group and time must not be given together"),
        ({"time": "price"}, "time must be another column"),
        ({"time": "city"}, "time must name a column of dates or numbers"),
        ({"drop": "price"}, "drop must not hold the target"),
        (
            {"drop": ["size", "city", "rooms", "sold", "owner"]},
            "must have a column to predict from",
        ),
        ({"ordinal": {"city": ["Oslo", "oslo"]}}, "each category of 'city' once"),
        ({"task_type": "regression", "target": "city"}, "column of numbers for regression"),
        ({"validation_fraction": 0.6, "test_fraction": 0.5}, "leave something to train on"),
    ],
)
def test_arguments_that_do_not_fit_the_table(change, words):
    with pytest.raises(ValueError, match=words):
        prepare(**{"table": houses(40), "target": "price", **change})


def test_infinite_and_huge_numbers_count_as_missing():
    table = houses()
    table.loc[3, "size"], table.loc[4, "size"] = np.inf, -np.inf
    assert np.isfinite(prepare(table, "price").data.x_train).all()


MILLION = """
    import resource, sys, time
    import numpy as np
    from dlkit import Network, layers, prepare
    start = time.perf_counter()
    data = prepare(sys.argv[1], "y").data
    print(data, f"{time.perf_counter() - start:.0f} s")
    network = Network([layers.Dense(8, "relu"), layers.Dense(1)], data.input_shape)
    network.fit(data.x_train, data.y_train, loss="mean_squared_error", epochs=1, batch_size=4096,
                validation_data=(data.x_validation, data.y_validation))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="resource is not there on Windows")
def test_a_million_rows_are_prepared_and_trained_on_within_two_gigabytes(tmp_path):
    path = tmp_path / "million.csv"
    generator = np.random.default_rng(0)
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join([*(f"x{i}" for i in range(17)), "city", "day", "y"]) + "\n")
        for _ in range(100):
            x = generator.normal(size=(10_000, 17)).round(4)
            y = (x[:, 0] - 2 * x[:, 1] + generator.normal(0, 0.5, 10_000)).round(4)
            cities = generator.choice(["Oslo", "Bergen", "Voss"], 10_000)
            days = generator.integers(1, 29, 10_000)
            for row, city, day, target in zip(x.tolist(), cities, days, y, strict=True):
                file.write(",".join(map(str, row)) + f",{city},2024-03-{day:02d},{target}\n")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MILLION), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    print(done.stdout)
    peak = int(done.stdout.split()[-1])
    assert peak < 2048, f"{peak} MB"
