"""`polyrank data spans` and `schema check` on logs whose lists are text."""

import json
import pathlib

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cli.commands.data import data
from cli.commands.schema import schema
from common.errors import BadDataError

DAY_ONE = 1_772_323_200  # 2026-03-01T00:00:00Z
ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "ts" type: INT {ONE} annotation {{ tag: "timestamp:unit=s" }} }}
feature {{ name: "click" type: INT {ONE} annotation {{ tag: "label:click" }} }}
feature {{ name: "item" type: INT {ONE} annotation {{ tag: "id" }} }}
feature {{ name: "seen" type: INT value_count {{ min: 0 }}
  annotation {{ tag: "sequence:of=item,group=past,length=2,text=json" }} }}
feature {{ name: "acts" type: BYTES value_count {{ min: 0 }}
  annotation {{ tag: "sequence:group=past,length=2,text=pipe" }} }}
feature {{ name: "image" type: FLOAT value_count {{ min: 2 max: 2 }}
  annotation {{ tag: "vector:dim=2,text=space" }} }}
"""


def _rows():
    return pd.DataFrame(
        {
            "ts": DAY_ONE + 60 * pd.RangeIndex(100),
            "click": [i % 4 // 3 for i in range(100)],
            "item": [i % 9 for i in range(100)],
            "seen": [json.dumps([k + 1 for k in range(i % 4)]) for i in range(100)],
            "acts": ["|".join(["buy", "view", "né"][: i % 4]) for i in range(100)],
            "image": [f"{i / 4} -1e-1" if i % 2 else None for i in range(100)],
        }
    )


def _invoke(group, *arguments):
    return CliRunner().invoke(group, [str(x) for x in arguments], catch_exceptions=False)


def _written(folder: pathlib.Path, rows: pd.DataFrame, text: str = SCHEMA) -> tuple:
    (folder / "schema.pbtxt").write_text(text, encoding="utf-8")
    (folder / "log" / "span=2026-03-01").mkdir(parents=True)
    rows.to_csv(folder / "log" / "span=2026-03-01" / "part.csv", index=False)
    return "--data", folder / "log", "--schema", folder / "schema.pbtxt"


def test_check_says_how_many_rows_have_longer_lists_than_a_model_reads(tmp_path):
    found = _invoke(schema, "check", *_written(tmp_path, _rows()))
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout.splitlines() == [
        "100 rows in 1 file(s), 1 spans, 2026-03-01 to 2026-03-01; 100 keep the contract",
        "label click: 25 positives (25.00%)",
        "seen, acts: longer than 2 in 25 of 100 rows (25.0%), up to 3 values: a model reads the "
        "newest 2 (the tag's 'length')",
        "every row keeps the contract",
    ]


def test_check_names_rows_with_lists_that_do_not_fit(tmp_path):
    rows = _rows()
    rows.loc[3, "acts"] = "buy|view"
    rows.loc[6, "seen"] = "1;2"
    rows.loc[9, "image"] = "0.5"
    found = _invoke(schema, "check", *_written(tmp_path, rows))
    assert found.exit_code == 4
    where = "1 rows; for one, span=2026-03-01/part.csv, row"
    starts = [
        f"bad data: misaligned: {where} 3: column 'acts' is 'buy|view' ('acts' has 2 values, "
        "'seen' has 3 values); wanted as many values as 'seen' of the row, of the same group",
        f"bad data: wrong_length: {where} 9: column 'image' is '0.5' ('image' has 1 value); wanted "
        "2 numbers, or none. What to do: deliver vectors of one model, or write 'vector:dim='",
        f"bad data: no_list: {where} 6: column 'seen' is '1;2'; wanted a JSON list of plain "
        "values, such as [1, 2]",
    ]
    lines = found.stderr.splitlines()
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_check_says_what_to_write_where_the_schema_does_not_say_how_texts_hold_lists(tmp_path):
    found = _invoke(schema, "check", *_written(tmp_path, _rows(), SCHEMA.replace(",text=json", "")))
    assert found.exit_code == 4
    assert (
        "column 'seen' is a list by the schema and text in the file: add to its tag 'sequence' "
        "how the text holds the list ('text=json', or another of json, pipe, comma, semicolon, "
        "tab, space), or deliver lists, in Parquet or TFRecord"
    ) in found.stderr


def test_spans_hold_the_lists_of_texts(tmp_path):
    _, source, _, schema_path = _written(tmp_path, _rows())
    command = ("--source", source / "span=2026-03-01", "--schema", schema_path)
    wrote = _invoke(data, "spans", *command, "--out", tmp_path / "spans")
    assert wrote.exit_code == 0, wrote.output
    (part,) = (tmp_path / "spans").glob("span=*/*.parquet")
    found = pq.read_table(part).to_pylist()[:4]
    assert [(row["seen"], row["acts"]) for row in found] == [
        (None, None),
        ([1], ["buy"]),
        ([1, 2], ["buy", "view"]),
        ([1, 2, 3], ["buy", "view", "né"]),
    ]
    assert [row["image"] for row in found] == [
        None,
        [0.25, -0.10000000149011612],
        None,
        [0.75, -0.10000000149011612],
    ]
    checked = _invoke(schema, "check", "--data", tmp_path / "spans", "--schema", schema_path)
    assert checked.stdout.splitlines()[-1] == "every row keeps the contract"


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("image", "1 nan", "want 2 finite numbers (null_in_list; 1 such rows nearby); leave the"),
        ("seen", "[[1]]", "want a list of plain values (nested_list; 1 such rows nearby); flatten"),
        ("seen", "[1.5]", "want a whole number (unusable_number; 1 such rows nearby); fix or drop"),
    ],
)
def test_spans_refuse_a_list_with_what_it_should_have_been(tmp_path, column, value, said):
    rows = _rows()
    rows[column] = rows[column].astype(object)
    rows.loc[7, column] = value
    _, source, _, schema_path = _written(tmp_path, rows)
    command = ("--source", source / "span=2026-03-01", "--schema", schema_path)
    with pytest.raises(BadDataError) as error:
        _invoke(data, "spans", *command, "--out", tmp_path / "spans")
    start = f"part.csv, row 7, column '{column}': got '{value}', {said}"
    assert str(error.value)[: len(start)] == start
