import numpy as np
import pyarrow as pa
import pytest
from impression_log import DAY_ONE, SCHEMA, changed, day_table

from common.errors import BadDataError
from data.log import check_batch as check_batch_module
from data.log.check_batch import check_batch
from data.log.columns import check_schema, typed
from data.log.report import Report
from data.log.rules import day_bounds, refuse
from schemas.contract import parse_schema, read_contract

GOOD = {
    "time": DAY_ONE,
    "user": b"u",
    "scenario": b"home",
    "click": 1,
    "buy": 1,
    "view": 0,
    "weight": 0.5,
    "age": None,
    "price": None,
    "item": None,
}


LABELS = """
feature { name: "click" type: INT annotation { tag: "label:click" } }
feature { name: "buy" type: INT annotation { tag: "label:buy given:click above:0" } }
feature { name: "view" type: FLOAT annotation { tag: "label:view given:buy above:0.5" } }
"""


@pytest.fixture(scope="module")
def labels():
    """The contract with a count and a share as labels, all of which may be missing."""
    start, stop = SCHEMA.index('feature { name: "click"'), SCHEMA.index('feature { name: "weight"')
    return read_contract(parse_schema(SCHEMA[:start] + LABELS + SCHEMA[stop:]))


def test_labels_with_thresholds_and_gaps_pass(labels):
    rows = [
        {"click": 1, "buy": 3, "view": 0.75},
        {"click": 0, "buy": -1, "view": 0.5},
        {"click": None, "buy": 2, "view": None},
        {"click": 0, "buy": None, "view": float("nan")},
        {"click": 0, "buy": None, "view": 1.0},  # of the missing buy nothing is known
        {"click": None, "buy": None, "view": None},
    ]
    assert _refuse(labels, rows).rows.tolist() == []


@pytest.mark.parametrize(
    ("row", "name", "column", "wanted"),
    [
        ({"click": 2}, "not_0_or_1", "click", "0 or 1"),
        (
            {"click": 0, "buy": 2, "view": 0.0},
            *("child_without_parent", "buy", "at most 0, for click is 0"),
        ),
        (
            {"click": 1, "buy": -1, "view": 0.75},
            *("child_without_parent", "view", "at most 0.5, for buy is at most 0"),
        ),
        ({"view": float("inf")}, "unusable_number", "view", "a finite number"),
    ],
)
def test_labels_with_thresholds_that_break_a_rule(labels, row, name, column, wanted):
    good = {"click": 1, "buy": 1, "view": 0.0}
    refusals = _refuse(labels, [good, {**good, **row}])
    assert refusals.rows.tolist() == [1]
    first = refusals.rules[refusals.broke[0]]
    assert (first.name, first.column, first.wanted) == (name, column, wanted)


def _refuse(contract, rows):
    batch = {}
    for column in contract.columns:
        kind = {"int": pa.int64(), "float": pa.float64(), "bytes": pa.binary()}[column.type]
        values = pa.array([{**GOOD, **row}[column.name] for row in rows], kind)
        batch[column.name] = typed(contract, column, values)
    return refuse(contract, batch, "2026-01-01")


def test_good_rows_pass(contract):
    rows = [
        {},
        {"time": DAY_ONE + 86_399},
        {"click": 0, "buy": 0, "view": 1},  # `after` refuses nothing
        {"weight": 0.0, "age": 3, "price": -2.5, "item": b""},
        {"item": b"i" * 1_000_000},
        {"price": float("nan")},  # missing
    ]
    refusals = _refuse(contract, rows)
    assert refusals.rows.tolist() == [] and refusals.rules == ()


def test_large_integers_of_a_float_column_are_rounded(contract):
    values = typed(contract, contract.column("price"), pa.array([2**24 + 1, 2**40, None]))
    assert values.array.to_pylist() == [2.0**24, 2.0**40, None]


@pytest.mark.parametrize(
    ("row", "name", "column"),
    [
        ({"time": DAY_ONE - 1}, "outside_its_day", "time"),
        ({"time": DAY_ONE + 86_400}, "outside_its_day", "time"),
        ({"scenario": b"Home"}, "unknown_scenario", "scenario"),
        ({"click": 2}, "not_0_or_1", "click"),
        ({"view": -1}, "not_0_or_1", "view"),
        ({"click": 0, "buy": 1}, "child_without_parent", "buy"),
        ({"user": None}, "missing", "user"),
        ({"scenario": None}, "missing", "scenario"),
        ({"click": None}, "missing", "click"),
        ({"weight": float("nan")}, "missing", "weight"),
        ({"weight": float("inf")}, "unusable_number", "weight"),
        ({"price": 1e39}, "unusable_number", "price"),  # infinite as float32
        ({"weight": -0.5}, "negative_weight", "weight"),
        ({"item": b"i" * 1_000_001}, "too_long", "item"),
    ],
)
def test_a_bad_row_between_good_ones_is_refused(contract, row, name, column):
    refusals = _refuse(contract, [{}, row, {}])
    assert refusals.rows.tolist() == [1]
    first = refusals.rules[refusals.broke[0]]
    assert (first.name, first.column) == (name, column)


def test_every_row_has_one_reason(contract):
    refusals = _refuse(contract, [{"click": 2, "time": 0}, {}, {"click": 3}, {"time": 0}])
    assert refusals.rows.tolist() == [0, 2, 3]
    assert [refusals.rules[broke].column for broke in refusals.broke] == ["time", "click", "time"]


def test_a_batch_is_counted_by_rule_with_the_first_row_of_each(contract):
    table = changed(day_table(0), "click", {7: 2, 9: 3, 30: 4})
    table = changed(table, "time", {3: 0, 9: 1})
    batch = table.combine_chunks().to_batches()[0]
    report = Report(read=1000)
    _, refusals = check_batch(contract, batch, "a.parquet", "2026-01-01", 1000, report)
    assert (report.read, refusals.rows.tolist()) == (1040, [3, 7, 9, 30])
    assert [(x.rule.name, x.rows, x.file, x.row, x.value) for x in report.by_frequency()] == [
        ("not_0_or_1", 2, "a.parquet", 1007, "2"),
        ("outside_its_day", 2, "a.parquet", 1003, "0"),
    ]


def test_values_are_looked_at_once_a_rule_and_not_once_a_row(contract, monkeypatch):
    shown = []
    monkeypatch.setattr(
        check_batch_module, "shown", lambda value: shown.append(value) or repr(value)
    )
    batch = changed(day_table(0), "click", dict.fromkeys(range(40), 2)).combine_chunks()
    report = Report()
    check_batch(contract, batch.to_batches()[0], "a", "2026-01-01", 0, report)
    assert (report.quarantined, shown) == (40, [2])


@pytest.mark.parametrize("ticks", [1, 1_000, 1_000_000])
def test_day_bounds_are_utc(ticks):
    assert day_bounds("2026-01-01", ticks) == (DAY_ONE * ticks, (DAY_ONE + 86_400) * ticks)


def test_numbers_in_other_types_keep_their_values(contract):
    age = contract.column("age")
    assert typed(contract, age, pa.array([1, None], pa.int8())).array.to_pylist() == [1, None]
    assert typed(contract, age, pa.array([True, False])).array.to_pylist() == [1, 0]
    assert typed(contract, age, pa.nulls(2)).array.to_pylist() == [None, None]
    pandas_like = typed(contract, age, pa.array([3.0, float("nan"), 2.5, None, 1e300]))
    assert pandas_like.array.to_pylist() == [3, None, None, None, None]
    assert {reason: rows.tolist() for reason, rows in pandas_like.broken.items()} == {
        "unusable_number": [False, False, True, False, True]
    }
    price = contract.column("price")
    assert typed(contract, price, pa.array([1, None])).array.to_pylist() == [1.0, None]
    half = pa.array(np.array([0.5, np.nan], np.float16))
    assert typed(contract, price, half).array.to_pylist() == [0.5, None]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.large_binary(), pa.binary(2), pa.binary()]
)
def test_texts_become_binary(contract, kind):
    found = typed(
        contract,
        contract.column("item"),
        pa.array(["ab", None], pa.string()).cast(kind)
        if kind != pa.binary(2)
        else pa.array([b"ab", None], kind),
    )
    assert found.array.type == pa.binary()
    assert found.array.to_pylist() == [b"ab", None]


def test_dictionaries_are_decoded(contract):
    raw = pa.array(["x", None, "x"]).dictionary_encode()
    assert typed(contract, contract.column("item"), raw).array.to_pylist() == [b"x", None, b"x"]


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ns", "UTC")])
def test_a_timestamp_column_takes_the_unit_of_its_tag(contract, kind):
    raw = pa.array([DAY_ONE * 10**9 + 999_999_999], pa.timestamp("ns", kind.tz)).cast(
        kind, safe=False
    )
    assert typed(contract, contract.timestamp, raw).array.to_pylist() == [DAY_ONE]


def test_a_file_in_other_types_is_accepted(contract):
    check_schema(contract, day_table(0).schema, "part-0.parquet")


@pytest.mark.parametrize(
    ("column", "kind", "got"),
    [
        ("click", pa.string(), "string"),
        ("age", pa.decimal128(9, 2), r"decimal128\(9, 2\)"),
        ("age", pa.timestamp("us"), r"timestamp\[us\]"),
        ("price", pa.string(), "string"),
        ("item", pa.date32(), r"date32\[day\]"),
        ("item", pa.list_(pa.date32()), r"list<item: date32\[day\]>"),
        ("user", pa.null(), "null"),
    ],
)
def test_a_type_that_does_not_fit_is_named(contract, column, kind, got):
    schema = day_table(0).schema
    schema = schema.set(schema.get_field_index(column), pa.field(column, kind))
    with pytest.raises(BadDataError, match=f"(?s)part-7.*column '{column}' is {got}; wanted "):
        check_schema(contract, schema, "part-7.parquet")


def test_all_wrong_columns_are_named_at_once(contract):
    schema = day_table(0).schema
    schema = schema.remove(schema.get_field_index("click")).append(pa.field("age", pa.int64()))
    with pytest.raises(BadDataError) as error:
        check_schema(contract, schema, "part-7.parquet")
    assert "column 'click' is missing; wanted INT" in str(error.value)
    assert "column 'age' is there 2 times" in str(error.value)


def test_a_renamed_column_is_told_with_the_name_that_is_there(contract):
    names = ["clicked" if name == "click" else name for name in day_table(0).schema.names]
    schema = day_table(0).rename_columns(names).schema
    with pytest.raises(BadDataError, match=r"column 'click' is missing \(there is 'clicked'\)"):
        check_schema(contract, schema, "part-7.parquet")
