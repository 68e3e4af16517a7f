"""Texts among numbers, commas in numbers, and files whose first line is no header."""

import numpy as np
import pytest
from inferred import infer, logged, polyrank, some_rows

ROWS = logged()
SOME = some_rows(ROWS)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            ROWS.price.where(~SOME, np.inf),
            "holds numbers but for 'inf' in 3 rows, so it is read as text; leave these empty if "
            "they are no values",
        ),
        (
            ROWS.price.astype(str).where(~SOME, "n/a"),
            "holds numbers but for 'n/a' in 3 rows, so it is read as text; leave these empty if "
            "they are no values",
        ),
        (
            [f"{1_000 + 7 * x:,}" for x in ROWS.item_id],
            "holds numbers with commas between thousands, which are read as text; write them "
            "without",
        ),
        (
            [f"{x:.2f}".replace(".", ",") for x in ROWS.price],
            "holds numbers with a decimal comma, which are read as text; write them with a point",
        ),
    ],
    ids=["inf", "word", "thousands", "decimal"],
)
def test_what_makes_text_of_numbers_is_said(tmp_path, values, said):
    found = infer(tmp_path, ROWS.assign(price=values))
    assert f"column 'price' {said}: log.csv" in found.out.splitlines()


def test_words_numbers_and_gaps_need_no_note(tmp_path):
    rows = ROWS.assign(
        price=ROWS.price.where(~SOME),
        size=np.where(ROWS.item_id % 3 == 0, "XL", ROWS.item_id.astype(str)),
        colour=ROWS.item_kind.map("c{}".format),
    )
    assert "column '" not in infer(tmp_path, rows).out


def test_a_first_line_that_is_a_row_is_named(tmp_path):
    (tmp_path / "log.csv").write_text("7,feed,0,0\n8,cart,1,0\n")
    found = infer_file(tmp_path)
    assert (found.code, found.err) == (
        4,
        "bad data: log.csv: column '0' is there 2 times; give every column a name of its own; its "
        "first line holds numbers (7): if it is a row, write the names of the columns above it\n",
    )
    (tmp_path / "log.csv").write_text("7,feed,0\n8,cart,1\n")
    assert infer_file(tmp_path).err.endswith(
        "\nColumns: 7, feed, 0\nlog.csv: its first line holds numbers (7): if it is a row, write "
        "the names of the columns above it\n"
    )


def test_odd_names_in_a_list_of_columns_are_in_quotes(tmp_path):
    (tmp_path / "log.csv").write_text(",a ,b\n0,1,2\n1,2,3\n")
    assert infer_file(tmp_path).err.endswith("\nColumns: '', 'a ', b\n")


def infer_file(folder):
    return polyrank("schema", "infer", "--data", folder / "log.csv", "--out", folder / "s.pbtxt")
