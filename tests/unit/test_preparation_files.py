"""Preparation: money as ledgers write it, comments above a header, numbers that are not real."""

import warnings

import numpy as np
import pandas
import pytest

from dlkit import prepare
from dlkit.preparation import find_leaks, read_csv
from dlkit.preparation.columns import decide
from dlkit.preparation.numbers import decimal_sign, parse_number

# -- money -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-€5", (-5.0, "€")), ("- € 5", (-5.0, "€")), ("−$1,234.50", (-1234.5, "$")), ("–5", (-5.0, "")),
        ("€ -5", (-5.0, "€")), ("+€5", (5.0, "€")), ("-5 €", (-5.0, "€")), ("(5.00)", (-5.0, "")),
        ("($5.00)", (-5.0, "$")), ("$ (5.00)", (-5.0, "$")), ("(5.00) EUR", (-5.0, "€")),
        ("5.00-", (-5.0, "")), ("1,250.00- €", (-1250.0, "€")), ("US$5", (5.0, "$")), ("5 Euro", (5.0, "€")),
        ("€1.5M", (1.5e6, "€")), ("-1.5 m€", (-1.5e6, "€")), ("$2.5B", (2.5e9, "$")), ("3 bn", (3e9, "")),
        ("-€-5", None), ("(-5)", None), ("(5", None), ("5)", None), ("()", None), ("5 (kg)", None),
        ("(5 kg)", None), ("(3) 5", None), ("5-", None), ("2-3", None), ("12b", None), ("-", None),
    ],
)  # fmt: skip
def test_money_as_it_is_written(text, expected):
    assert parse_number(text) == expected


def test_losses_in_a_column_of_money_are_negative_and_said():
    column = decide("profit", pandas.Series(["€5", "-€7.50", "(2.00)", "€1.00"] * 3))
    assert column.kind == "number" and column.unit == "€"
    assert column.values(pandas.Series(["-€7.50", "(2.00)"]))[0].tolist() == [-7.5, -2]
    assert "3 values in brackets read as negative" in column.note


def test_a_capital_m_is_a_million_where_nothing_is_a_length():
    column = decide("views", pandas.Series(["500K", "1.5M", "950", "2 M"] * 3))
    assert column.values(pandas.Series(["500K", "1.5M", "950"]))[0].tolist() == [5e5, 1.5e6, 950]
    assert column.unit == "" and "M stands for millions" in column.note
    column = decide("height", pandas.Series(["3M", "250 cm", "2 m"] * 3))
    assert column.values(pandas.Series(["3M", "250 cm"]))[0].tolist() == pytest.approx([3, 2.5])
    assert "millions" not in column.note


@pytest.mark.parametrize(
    ("texts", "usual", "expected"),
    [
        (["950 €", "1.250 €"], ".", ","),
        (["12.500 €", "9.000 €"], ".", ","),
        (["$950", "$1,250"], ",", "."),
        (["€1.259", "€1.301"], ".", "."),  # a litre of petrol
        (["950 kg", "1.250 kg"], ".", "."),
        (["950 kg", "1.250 kg"], ",", ","),
        (["0.999", "0.125"], ",", "."),
        (["12,500 €", "9.5 €"], ",", "."),
    ],
)
def test_the_sign_between_thousands_of_money(texts, usual, expected):
    assert decimal_sign(texts, usual) == expected


@pytest.mark.parametrize("as_target", [False, True])
def test_a_column_that_does_not_tell_is_read_as_the_file_is(tmp_path, as_target):
    """The decimal comma of the other columns holds for 1.250 kg too."""
    loads = [f"{900 + i} kg" if i < 100 else f"1.{i - 100:03d} kg" for i in range(200)]
    rows = [f"{i},5;{load}" for i, load in enumerate(loads)]
    (tmp_path / "loads.csv").write_text("\n".join(["size;load", *rows]), encoding="utf-8")
    if as_target:
        ready = prepare(tmp_path / "loads.csv", "load")
        found = ready.target_in_units(ready.data.y_train)[:, 0]
    else:
        ready = prepare(tmp_path / "loads.csv", "size", scaling="none")
        found = ready.data.x_train[:, 0]
    expected = [900.0 + row for row in ready.rows["train"]]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_number_that_begins_with_zero_has_no_thousands(tmp_path):
    rows = [f"{i}.000,5;0.{125 + i}" for i in range(1, 40)]
    (tmp_path / "t.csv").write_text("\n".join(["a;b", *rows]), encoding="utf-8")
    ready = prepare(tmp_path / "t.csv", "a", scaling="none", scale_target=False)
    assert ready.data.x_train.max() < 1 and ready.data.y_train.max() > 1000


def test_a_dash_is_a_missing_value(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,–\n2,x\n—,y\n", encoding="utf-8")
    table = read_csv(tmp_path / "t.csv")
    assert table["a"].isna().tolist() == [False, False, True]
    assert table["b"].isna().tolist() == [True, False, False]


# -- comments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "header", "said"),
    [
        ("# made by me\n", "a,b,y", "1 line of comment above the header left out: '# made by me'."),
        ("# made by me, in 2024, at home\n", "a,b,y", "1 line of comment"),
        ("\n# one\n\n#two, three, four\n", "a,b,y", "2 lines of comment above the header left out"),
        ("# one\n", "#a,b,y", "1 line of comment"),
        ("", "#a,b,y", ""),
        ("\n", "# a,b,y", ""),
    ],
)
def test_comments_above_the_header_are_left_out_and_said(tmp_path, above, header, said):
    path = tmp_path / "t.csv"
    rows = "\n".join(f"{i},{i % 5},w{i % 3}" for i in range(40))
    path.write_text(f"{above}{header}\n{rows}\n", encoding="utf-8")
    table = read_csv(path)
    assert table.columns.tolist() == header.split(",") and len(table) == 40
    notes = " ".join(table.attrs["notes"])
    assert said in notes and ("comment" in notes) == bool(said)


def test_a_first_row_of_words_is_not_lost_below_a_header_with_a_mark(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("#name,city\nAnna,Oslo\nBo,Voss\n", encoding="utf-8")
    assert read_csv(path).to_dict("list") == {"#name": ["Anna", "Bo"], "city": ["Oslo", "Voss"]}
    path.write_text("#name,age\nAnna,?\nBo,7\n", encoding="utf-8")
    assert len(read_csv(path)) == 2


def test_a_damaged_line_below_comments_is_named_by_its_place_in_the_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("# one\n\na,b\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 5 has 3 fields"):
        read_csv(path)
    path.write_text("# one\n\nabove, all\na,b,c\n1,2,3\n1,2,3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 3, 'above, all'"):
        read_csv(path)


# -- numbers that are not real -----------------------------------------------------------------------


@pytest.mark.parametrize("values", [np.arange(50) + 1j, [1 + 2j, "x"] * 25])
def test_complex_numbers_are_refused_and_not_cut(values):
    table = pandas.DataFrame({"a": values, "b": range(50), "y": np.arange(50.0) ** 2})
    good = prepare(table, "y", drop="a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for refused in (
            lambda: prepare(table, "y"),
            lambda: prepare(table, "a"),
            lambda: prepare(table, "a", task_type="classification"),
            lambda: prepare(table, "y", time="a"),
            lambda: find_leaks(table, "y"),
            lambda: good.transform(table.assign(b=table.a)),
        ):
            with pytest.raises(TypeError, match="complex.*Leave it out"):
                refused()
