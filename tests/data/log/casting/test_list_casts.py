import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from impression_log import (
    SCHEMA,
    csv_bytes,
    day_table,
    serialized_examples,
    write_tfrecord,
)

from common.errors import BadDataError
from components.impression_example_gen.example_encoder import encode
from data.log.casting.lists import cast_each, first_values
from data.log.check_batch import check_batch
from data.log.columns import check_schema, typed
from data.log.report import Report
from schemas.contract import parse_schema, read_contract

RAGGED = """
feature { name: "seen" type: BYTES value_count { min: 0 } }
feature { name: "prices" type: FLOAT value_count { min: 1 max: 9 } }
"""


def _rows(broken):
    return {reason: rows.nonzero()[0].tolist() for reason, rows in broken.items()}


@pytest.mark.parametrize("make", [pa.list_, pa.large_list])
def test_lists_of_one_value_are_that_value(make):
    raw = pa.array([[1], [], None, [4, 5], [6]], make(pa.int64()))
    values, several = first_values(raw)
    assert values.to_pylist() == [1, None, None, 4, 6]
    assert several.tolist() == [False, False, False, True, False]
    values, several = first_values(raw.slice(2, 2))
    assert (values.to_pylist(), several.tolist()) == ([None, 4], [False, True])
    values, several = first_values(pa.array([[1], [2]], make(pa.int8())))
    assert (values.to_pylist(), several) == ([1, 2], None)


def test_two_values_where_one_belongs_are_refused(contract):
    age = contract.column("age")
    found = typed(contract, age, pa.array([[1], [2, 3], [2.5]]))
    assert found.array.to_pylist() == [1, 2, None]
    assert _rows(found.broken) == {"several_values": [1], "unusable_number": [2]}


def test_lists_keep_their_values_in_the_contracts_type():
    raw = pa.array([[1, 2], [], None, [3]], pa.list_(pa.int8()))
    found, broken = cast_each(raw, "float")
    assert found.type == pa.list_(pa.float32())
    assert (found.to_pylist(), broken) == ([[1, 2], [], None, [3]], {})
    found, _ = cast_each(raw.slice(1), "int")
    assert found.to_pylist() == [[], None, [3]]
    assert cast_each(pa.nulls(2), "int")[0].to_pylist() == [None, None]


def test_a_list_with_a_broken_value_or_a_gap_is_refused_and_moves_no_other():
    raw = pa.array([[1.0], [2.0, np.inf], [3.0, None], [None, np.inf, 4.0], [5.0, 6.0]])
    found, broken = cast_each(raw, "float")
    assert found.to_pylist() == [[1], None, None, None, [5, 6]]
    assert _rows(broken) == {"unusable_number": [1, 3], "null_in_list": [2]}


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("int64_list", [[1, -1, 300], [], None, [2**40], [0]]),
        ("float_list", [[1.5], None, [], [0.0, -2.0], [3.0]]),
        ("bytes_list", [[b"a", b"", b"x" * 200], None, [], [b"b"], [b"\x00"]]),
        ("bytes_list", [[], None]),
    ],
)
def test_lists_are_byte_for_byte_what_protocol_buffers_write(kind, rows):
    types = {"int64_list": pa.int64(), "float_list": pa.float32(), "bytes_list": pa.binary()}
    array = pa.array([[b"sliced"] if kind == "bytes_list" else [9], *rows], pa.list_(types[kind]))
    for got, values in zip(encode({"f": array.slice(1)}), rows, strict=True):
        example = tf.train.Example()
        example.features.SetInParent()
        if values is not None:
            feature = example.features.feature["f"]
            getattr(feature, kind).SetInParent()
            getattr(feature, kind).value.extend(values)
        assert got == example.SerializeToString()


def test_ragged_columns_are_carried_from_parquet_and_tfrecord(log):
    schema = SCHEMA + RAGGED
    for day in range(3):
        table = day_table(day)
        seen = [[f"i{i}" for i in range(row % 4)] for row in range(table.num_rows)]
        prices = [None if row % 5 == 0 else [row / 2, 1] for row in range(table.num_rows)]
        table = table.append_column("seen", pa.array(seen, pa.list_(pa.string())))
        table = table.append_column("prices", pa.array(prices))
        log.write(day, table)
    (log.folder / "log" / "span=2026-01-01" / "part-1.parquet").unlink()
    examples, _ = log.run("parquet", schema_text=schema)
    written = serialized_examples(examples, "eval")
    spec = {
        "time": tf.io.FixedLenFeature([], tf.int64),
        "seen": tf.io.RaggedFeature(tf.string),
        "prices": tf.io.RaggedFeature(tf.float32),
    }
    parsed = tf.io.parse_example(written, spec)
    order = np.argsort(parsed["time"].numpy())
    found = [parsed["seen"].to_list()[i] for i in order]
    assert found == [[f"i{i}".encode() for i in range(row % 4)] for row in range(40)]
    wanted = [[] if row % 5 == 0 else [row / 2, 1] for row in range(40)]
    assert [parsed["prices"].to_list()[i] for i in order] == wanted

    # What was written is read again, and gives the same bytes.
    path = log.path(2, "part-0.tfrecord")
    write_tfrecord(path, written)
    log.path(2, "part-0.parquet").unlink()
    again, _ = log.run("tfrecord", schema_text=schema)
    records = serialized_examples(again, "eval")
    assert sorted(records) == sorted(written)


@pytest.mark.parametrize("make", [pa.list_, pa.large_list])
def test_a_list_with_a_text_that_is_too_long_is_refused(make):
    contract = read_contract(parse_schema(SCHEMA + RAGGED))
    long, longest = b"x" * 1_000_001, b"x" * 1_000_000
    rows = [[long], None, [b"a", longest], [], [b"b", b"c", long], [longest, longest], [b"d"]]
    batch = day_table(0).slice(0, 6)
    batch = batch.append_column("seen", pa.array(rows, make(pa.binary())).slice(1))
    batch = batch.append_column("prices", pa.nulls(6, pa.list_(pa.float32())))
    (batch,) = batch.combine_chunks().to_batches()
    report = Report()
    _, refusals = check_batch(contract, batch, "a.parquet", "2026-01-01", 0, report)
    assert refusals.rows.tolist() == [3]
    assert [(rule.name, rule.column) for rule in refusals.rules] == [("too_long", "seen")]


def test_a_csv_holds_no_lists_of_which_the_schema_does_not_say_how(log):
    log.path(0, "a.csv").write_bytes(csv_bytes(day_table(0)).replace(b"extra", b"seen", 1))
    log.path(0, "part-0.parquet").unlink()
    log.path(0, "part-1.parquet").unlink()
    with pytest.raises(BadDataError, match="'seen' is a list by the schema and text in the file"):
        log.run("run", schema_text=SCHEMA + RAGGED.splitlines()[1])


def test_a_column_that_is_no_list_is_named():
    contract = read_contract(parse_schema(SCHEMA + RAGGED))
    schema = day_table(0).schema.append(pa.field("seen", pa.int64()))
    schema = schema.append(pa.field("prices", pa.list_(pa.string())))
    with pytest.raises(BadDataError) as error:
        check_schema(contract, schema, "part-7.parquet")
    assert "column 'seen' is int64; wanted BYTES (a list of string or binary" in str(error.value)
    assert "column 'prices' is list<item: string>; wanted FLOAT (a list of" in str(error.value)
