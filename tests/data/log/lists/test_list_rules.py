import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from impression_log import DAY_ONE, SCHEMA, day_table

from data.log.check_batch import check_batch
from data.log.report import Report
from schemas.contract import parse_schema, read_contract

LISTS = """
feature { name: "items" type: INT value_count { min: 0 }
  annotation { tag: "sequence:group=history" } }
feature { name: "acts" type: BYTES value_count { min: 0 }
  annotation { tag: "sequence:group=history,text=pipe" } }
feature { name: "tags" type: BYTES value_count { min: 0 }
  annotation { tag: "multi_value:weights=shares" } }
feature { name: "shares" type: FLOAT value_count { min: 0 } }
feature { name: "image" type: FLOAT value_count { min: 3 max: 3 }
  annotation { tag: "vector:dim=3" } }
feature { name: "voice" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 2 } }
  annotation { tag: "vector:dim=2" } }
"""
GOOD = {
    "items": [1, 2],
    "acts": ["click", "buy"],
    "tags": ["a"],
    "shares": [0.5],
    "image": [1.0, 2.0, 3.0],
    "voice": [1.0, 0.0],
}
TYPES = {
    "items": pa.list_(pa.int32()),
    "acts": pa.large_list(pa.string()),
    "tags": pa.list_(pa.string()),
    "shares": pa.list_(pa.float64()),
    "image": pa.list_(pa.float64()),
    "voice": pa.list_(pa.float32()),
}


@pytest.fixture(scope="module")
def lists():
    return read_contract(parse_schema(SCHEMA + LISTS))


def _check(contract, rows, types=TYPES, first=0):
    """Checks rows that are `GOOD` but for these values; returns the typed columns, the positions
    of the refused rows, and the report."""
    batch = day_table(0).slice(0, len(rows))
    assert batch.column("time")[0].as_py() == DAY_ONE
    for name, kind in types.items():
        values = [{**GOOD, **row}[name] for row in rows]
        batch = batch.append_column(name, pa.array(values, kind))
    (batch,) = batch.combine_chunks().to_batches()
    report = Report()
    values, refusals = check_batch(contract, batch, "a.parquet", "2026-01-01", first, report)
    return values, refusals.rows.tolist(), report


def test_rows_with_whole_missing_and_empty_lists_pass(lists):
    rows = [
        {},
        {"items": [], "acts": None},
        {"tags": None, "shares": []},
        {"image": None},
        {"image": []},
    ]
    values, refused, report = _check(lists, rows)
    assert (refused, report.refused) == ([], {})
    # An empty vector is a missing one: no feature of the example.
    assert values["image"].array.to_pylist() == [[1, 2, 3]] * 3 + [None, None]
    assert values["image"].array.type == pa.list_(pa.float32())
    assert values["items"].array.to_pylist() == [[1, 2], [], [1, 2], [1, 2], [1, 2]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"items": [1, 2, 3]},
            "misaligned: 1 rows; for one, a.parquet, row 8: column 'acts' is ['click', 'buy'] "
            "('acts' has 2 values, 'items' has 3 values); wanted as many values as 'items' of the "
            "row, of the same group 'history'. What to do: write one value in each of the aligned "
            "lists for every event, or tag the columns as groups of their own",
        ),
        (
            {"acts": None},
            "misaligned: 1 rows; for one, a.parquet, row 8: column 'acts' is None "
            "('acts' has 0 values, 'items' has 2 values); wanted as many",
        ),
        (
            {"tags": ["a", "b"]},
            "misaligned: 1 rows; for one, a.parquet, row 8: column 'shares' is [0.5] "
            "('shares' has 1 value, 'tags' has 2 values); wanted as many values as 'tags' of the "
            "row, which these weigh. What to do: write one weight for every value",
        ),
        (
            {"image": [1.0, 2.0]},
            "wrong_length: 1 rows; for one, a.parquet, row 8: column 'image' is [1.0, 2.0] "
            "('image' has 2 values); wanted 3 numbers, or none. What to do: deliver vectors of one "
            "model, or write 'vector:dim=' as long as image",
        ),
        (
            {"image": [1.0, 2.0, 3.0, 4.0]},
            "wrong_length: 1 rows; for one, a.parquet, row 8: column 'image' is [1.0, 2.0, 3.0, "
            "4.0] ('image' has 4 values); wanted 3 numbers",
        ),
        (
            {"image": [1.0, 2.0, np.inf]},
            "unusable_number: 1 rows; for one, a.parquet, row 8: column 'image' is [1.0, 2.0, "
            "inf]; wanted 3 finite numbers. What to do: leave the vector empty where",
        ),
        (
            {"image": [1.0, np.nan, 2.0]},
            "null_in_list: 1 rows; for one, a.parquet, row 8: column 'image' is [1.0, nan, 2.0]; "
            "wanted 3 finite numbers. What to do",
        ),
        (
            {"voice": None},
            "missing: 1 rows; for one, a.parquet, row 8: column 'voice' is None; wanted a value "
            "in every row",
        ),
        ({"voice": []}, "missing: 1 rows; for one, a.parquet, row 8: column 'voice' is []; wanted"),
        (
            {"voice": [1.0]},
            "wrong_length: 1 rows; for one, a.parquet, row 8: column 'voice' is [1.0] ('voice' has "
            "1 value); wanted 2 numbers. What",
        ),
        (
            {"items": [1, None], "acts": ["click", "buy"]},
            "null_in_list: 1 rows; for one, a.parquet, row 8: column 'items' is [1, None]; wanted "
            "a list without gaps. What to do: leave the value out of the list",
        ),
        (
            {"shares": [np.inf]},
            "unusable_number: 1 rows; for one, a.parquet, row 8: column 'shares' is [inf]; wanted "
            "a finite number",
        ),
    ],
)
def test_a_row_that_breaks_a_rule_of_lists_is_refused_alone(lists, row, said):
    _, refused, report = _check(lists, [{}, row, {}], first=7)
    assert refused == [1]
    (reason,) = report.reasons()
    assert reason.startswith(said)
    again = Report()
    again.add(Report.from_json(report.to_json()))
    assert again.reasons() == [reason]


def test_texts_that_are_no_lists_are_refused_with_what_to_write():
    contract = read_contract(parse_schema(SCHEMA + LISTS.replace("text=pipe", "text=json")))
    types = {**TYPES, "acts": pa.string()}
    rows = [{"acts": '["a", "b"]'}, {"acts": "a|b"}, {"acts": '[["a"], []]'}, {"acts": '["a"]'}]
    _, refused, report = _check(contract, rows, types)
    assert refused == [1, 2, 3]
    assert report.reasons()[0] == (
        "misaligned: 1 rows; for one, a.parquet, row 3: column 'acts' is '[\"a\"]' ('acts' has 1 "
        "value, 'items' has 2 values); wanted as many values as 'items' of the row, of the same "
        "group 'history'. What to do: write one value in each of the aligned lists for every "
        "event, or tag the columns as groups of their own"
    )
    assert report.reasons()[1:] == [
        "nested_list: 1 rows; for one, a.parquet, row 2: column 'acts' is '[[\"a\"], []]'; wanted "
        "a list of plain values. What to do: flatten the lists in the log",
        "no_list: 1 rows; for one, a.parquet, row 1: column 'acts' is 'a|b'; wanted a JSON list "
        'of plain values, such as [1, 2] or ["a", "b"]. What to do: correct the log, or the tag\'s '
        "'text=' where it holds lists in another way",
    ]


def test_fixed_size_lists_of_arrow_are_vectors(lists):
    types = {
        **TYPES,
        "image": pa.list_(pa.float64(), 3),
        "voice": pa.list_(pa.float16(), 2),
        "items": pa.large_list(pa.uint64()),
    }
    half = np.float16(0.5)
    rows = [{"voice": [half, half]}, {"image": None, "voice": [half, half]}, {"voice": None}]
    values, refused, report = _check(lists, [*rows, {"voice": [half, half]}], types)
    assert refused == [2]
    assert [reason.name for reason in (x.rule for x in report.refused.values())] == ["missing"]
    assert values["image"].array.to_pylist() == [[1, 2, 3], None, [1, 2, 3], [1, 2, 3]]
    assert values["voice"].array.to_pylist() == [[0.5, 0.5], [0.5, 0.5], None, [0.5, 0.5]]
    short = {**types, "image": pa.list_(pa.float64(), 2)}
    rows = [{"image": [1.0, 2.0], "voice": [half, half]}]
    _, refused, report = _check(lists, rows, short)
    assert (refused, [key for key in report.refused]) == ([0], [("wrong_length", "image")])


def test_rows_with_longer_lists_than_a_model_reads_are_counted():
    text = (
        LISTS.replace("group=history", "group=history,length=2")
        .replace("weights=shares", "weights=shares,length=1")
        .replace("text=pipe", "text=json")
    )
    contract = read_contract(parse_schema(SCHEMA + text))
    rows = [
        {},
        {"items": [1, 2, 3], "acts": ["a"] * 3},
        {"items": [1] * 1_500, "acts": ["a"] * 1_500},
        {"items": [1] * 9_999},  # Misaligned: a refused row is left out whole.
        {"tags": ["a", "b"], "shares": [1.0, 2.0]},
        {"items": None, "acts": None},
    ]
    _, _, report = _check(contract, rows)
    total = Report()
    for _ in range(2):
        total.add(Report.from_json(report.to_json()))
    assert dataclasses.asdict(total.lists) == {
        "read": 10,
        "rows": {"items": 4, "acts": 4, "tags": 2},
        "longest": {"items": 1_500, "acts": 1_500, "tags": 2},
    }
    assert total.lists.lines(contract) == [
        "items, acts: longer than 2 in 4 of 10 rows (40.0%), up to 1,500 values: a model reads the "
        "newest 2 (the tag's 'length')",
        "tags: longer than 1 in 2 of 10 rows (20.0%), up to 2 values: a model reads the first 1 "
        "(the tag's 'length')",
    ]
    assert total.lists.records(contract)[2] == {
        "column": "tags",
        "length": 1,
        "rows": 2,
        "of": 10,
        "longest": 2,
    }
    assert _check(contract, [{}])[2].lists.lines(contract) == []
