"""`polyrank predict` on rows with lists, from every format."""

import json

import list_model
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import tensorflow as tf
from city_model import push
from click.testing import CliRunner

from cli.commands.predict import predict
from common.errors import BadDataError
from serving.client import Client
from serving.server import ModelServer

ROWS = [
    {
        "member": "m7",
        "seen items": [1, 2, 3, 4],
        "gaps": [0.5, 1.5, 2.5, 3.5],
        "tags": ["new", "red", "big"],
        "image": [0.25, 4.0],
        "text vector": [1.0, 2.0, 3.0, 4.0],
    },
    {
        "member": "m8",
        "seen items": [],
        "gaps": None,
        "tags": ["new"],
        "image": None,
        "text vector": [5.0, 6.0, 7.0, 8.0],
    },
]


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served-lists")
    push(list_model.save(tmp_path_factory.mktemp("lists")), folder, 3)
    with ModelServer("lists", folder) as server, Client(server.target, "lists") as client:
        client.wait_until_available()
        yield server.target


@pytest.fixture
def ask(target):
    def run(*arguments, rows=""):
        options = ["--target", target, "--model-name", "lists", "--json"]
        return CliRunner().invoke(
            predict, [*options, *map(str, arguments)], input=rows, catch_exceptions=False
        )

    return run


def as_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def check(result):
    """Both rows arrived, as a client pads them."""
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["seen_seen_x20_items"] == [2, 3, 4]
    assert first["seen_gaps"] == [1.5, 2.5, 3.5]
    assert first["seen_tags"] == ["new", "red"]
    assert first["seen_image"] == [0.25, 4]
    assert first["seen_text_x20_vector"] == [1, 2, 3, 4]
    assert (first["seen_history__length"], first["seen_tags__length"]) == (3, 2)
    assert (second["seen_history__length"], second["seen_tags__length"]) == (0, 1)
    assert second["seen_tags"] == ["new", ""]
    assert second["seen_image"] == [None, None]  # JSON has no NaN.
    assert second["seen_text_x20_vector"] == [5, 6, 7, 8]


def test_json_lines_hold_lists(ask):
    check(ask(rows=as_lines(ROWS)))


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
def test_parquet_holds_lists(ask, tmp_path, kind):
    types = {"member": pa.string(), "seen items": kind(pa.int32()), "gaps": kind(pa.float64())}
    types |= {"tags": kind(pa.string()), "image": kind(pa.float32())}
    types["text vector"] = pa.list_(pa.float32(), 4)
    table = pa.Table.from_pylist(ROWS, pa.schema(list(types.items())))
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    check(ask(tmp_path / "rows.parquet"))


def test_a_tfrecord_holds_lists(ask, tmp_path):
    def feature(value):
        values = value if isinstance(value, list) else [value]
        if isinstance(values[0], str):
            texts = [text.encode() for text in values]
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))
        if isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    path = tmp_path / "rows.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in ROWS:
            features = {name: feature(value) for name, value in row.items() if value}
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    check(ask(path))


def test_texts_hold_lists_where_the_schema_said_how(ask, tmp_path):
    rows = [{**row, "tags": "|".join(row["tags"])} for row in ROWS]
    rows = [{**row, "text vector": json.dumps(row["text vector"])} for row in rows]
    check(ask(rows=as_lines(rows)))
    texts = {
        name: [None if row[name] is None else str(row[name]) for row in rows] for name in rows[0]
    }
    pyarrow.csv.write_csv(pa.table(texts), tmp_path / "rows.csv")
    refused = (
        r"rows.csv, row 0, column 'gaps': got '\[0.5, 1.5, 2.5, 3.5\]' \(str\), wanted a list of"
    )
    with pytest.raises(BadDataError, match=refused):
        ask(tmp_path / "rows.csv")


def test_what_does_not_fit_is_named_by_file_and_row(ask, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(as_lines([ROWS[0], {**ROWS[1], "gaps": [1.0]}]))
    wanted = (
        r"rows.jsonl, line 2, column 'seen items': its list has length 0, and that of 'gaps' len"
    )
    with pytest.raises(BadDataError, match=wanted):
        ask(path)
    path.write_text(as_lines([ROWS[0], {**ROWS[1], "tags": ["a", ["b"]]}]))
    with pytest.raises(
        BadDataError, match=r"line 2, column 'tags': value 1 of the list: got \['b'\]"
    ):
        ask(path)
    path.write_text(as_lines([{**ROWS[0], "member": ["a", "b"]}]))
    with pytest.raises(BadDataError, match=r"line 1, column 'member': got \['a', 'b'\] \(list\)"):
        ask(path)
