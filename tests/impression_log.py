"""A small log of three days and a way to run the executor on it."""

import dataclasses
import io
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from common.tfx_compat import beam_arguments
from components.common import artifacts
from components.impression_example_gen.executor import Executor
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig
from components.span_window import window
from components.span_window.config import VolumeConfig
from schemas.contract import parse_schema, read_contract

DATES = ("2026-01-01", "2026-01-02", "2026-01-03")
DAY_ONE = 1_767_225_600  # 2026-01-01T00:00:00Z
ROWS_A_DAY = 40

_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "time" type: INT {_ONE} annotation {{ tag: "timestamp:unit=s" }} }}
feature {{ name: "user" type: BYTES {_ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "scenario" type: BYTES {_ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "home" value: "search" }} }}
feature {{ name: "click" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
feature {{ name: "buy" type: INT {_ONE} annotation {{ tag: "label:buy given:click" }} }}
feature {{ name: "view" type: INT {_ONE} annotation {{ tag: "label:view after:click" }} }}
feature {{ name: "weight" type: FLOAT {_ONE} annotation {{ tag: "weight" }} }}
feature {{ name: "age" type: INT annotation {{ tag: "categorical" }} }}
feature {{ name: "price" type: FLOAT annotation {{ tag: "numeric" }} }}
feature {{ name: "item" type: BYTES annotation {{ tag: "id" }} }}
"""


def day_table(day: int, rows: int = ROWS_A_DAY) -> pa.Table:
    """Rows of day number `day`, one every ten minutes; some optional values missing."""
    number = np.arange(rows)
    row = number + day * rows
    return pa.table(
        {
            "extra": pa.array([f"not in the contract {i}" for i in row]),
            "time": pa.array(DAY_ONE + day * 86_400 + 600 * number, pa.int64()),
            "user": pa.array([f"u{i % 7}" for i in row]),
            "scenario": pa.array([("home", "search")[i % 2] for i in row]).dictionary_encode(),
            "click": pa.array(number % 3 == 0),
            "buy": pa.array((number % 6 == 0).astype(np.int8)),
            "view": pa.array((number % 2 == 0).astype(np.int32)),
            "weight": pa.array(1 + row / 8, pa.float64()),
            "age": pa.array(row, pa.int32(), mask=number % 5 == 0),
            "price": pa.array(row / 4, pa.float32(), mask=number % 4 == 1),
            "item": pa.array([f"i{i}" for i in row], mask=number % 10 == 3),
        }
    )


def changed(table: pa.Table, column: str, values: dict[int, Any]) -> pa.Table:
    """Returns `table` with some rows of a column replaced."""
    field = table.schema.get_field_index(column)
    cells = table.column(column).to_pylist()
    cells = [int(cell) if isinstance(cell, bool) else cell for cell in cells]
    for row, value in values.items():
        cells[row] = value
    return table.set_column(field, column, pa.array(cells))


def csv_bytes(table: pa.Table) -> bytes:
    """Writes a table as CSV: header, quoted texts, nothing for a missing value."""
    scenario = table.schema.get_field_index("scenario")
    plain = table.set_column(scenario, "scenario", table.column("scenario").cast(pa.string()))
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(plain, buffer)
    return buffer.getvalue()


def examples_of(table: pa.Table) -> list[bytes]:
    """Serializes rows as tf.Examples with protocol buffers' own classes."""
    rows = []
    for row in table.to_pylist():
        example = tf.train.Example()
        for name, value in row.items():
            feature = example.features.feature
            if isinstance(value, str | bytes):
                feature[name].bytes_list.value.append(tf.compat.as_bytes(value))
            elif isinstance(value, float):
                feature[name].float_list.value.append(value)
            elif value is not None:
                feature[name].int64_list.value.append(int(value))
        rows.append(example.SerializeToString())
    return rows


def write_tfrecord(path: pathlib.Path, records: list[bytes]) -> None:
    """Writes a TFRecord file, with gzip where its name ends so."""
    options = tf.io.TFRecordOptions("GZIP" if path.suffix == ".gz" else "")
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for record in records:
            writer.write(record)


FEATURES = {
    "time": tf.io.FixedLenFeature([1], tf.int64),
    "user": tf.io.FixedLenFeature([1], tf.string),
    "scenario": tf.io.FixedLenFeature([1], tf.string),
    "click": tf.io.FixedLenFeature([1], tf.int64),
    "buy": tf.io.FixedLenFeature([1], tf.int64),
    "view": tf.io.FixedLenFeature([1], tf.int64),
    "weight": tf.io.FixedLenFeature([1], tf.float32),
    "age": tf.io.VarLenFeature(tf.int64),
    "price": tf.io.VarLenFeature(tf.float32),
    "item": tf.io.VarLenFeature(tf.string),
}


def serialized_examples(examples: Any, split: str) -> list[bytes]:
    """Returns the serialized tf.Examples of a split, in the order of its files."""
    files = sorted(map(str, pathlib.Path(examples.uri, f"Split-{split}").iterdir()))
    return list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())


def features_of(record: bytes) -> dict[str, Any]:
    """Returns {column: value} of a serialized example, of all the features that it has."""
    found = {}
    for name, feature in tf.train.Example.FromString(record).features.feature.items():
        (found[name],) = getattr(feature, feature.WhichOneof("kind")).value
    return found


def read_split(examples: Any, split: str) -> dict[int, dict[str, Any]]:
    """Parses a split into {time: row}; a row is {column: value or None}."""
    rows = {}
    for batch in tf.data.Dataset.from_tensor_slices(serialized_examples(examples, split)).batch(64):
        parsed = tf.io.parse_example(batch, FEATURES)
        columns = {}
        for name, values in parsed.items():
            if isinstance(values, tf.SparseTensor):
                cells = [None] * int(values.dense_shape[0])
                for (row, _), value in zip(
                    values.indices.numpy(), values.values.numpy(), strict=True
                ):
                    assert cells[row] is None
                    cells[row] = value
            else:
                cells = values.numpy()[:, 0].tolist()
            columns[name] = cells
        for row in zip(*columns.values(), strict=True):
            cells = dict(zip(columns, row, strict=True))
            assert cells["time"] not in rows
            rows[cells["time"]] = cells
    return rows


def wanted_rows(*tables: pa.Table) -> dict[int, dict[str, Any]]:
    """The rows of the log in the contract's types, {time: row}."""
    rows = {}
    for table in tables:
        for row in table.drop(["extra"]).to_pylist():
            cells = {k: v.encode() if isinstance(v, str) else v for k, v in row.items()}
            rows[cells["time"]] = {**cells, "click": int(cells["click"])}
    return rows


@dataclasses.dataclass
class Log:
    """A log on disk, and the runs over it."""

    folder: pathlib.Path

    def write(self, day: int, table: pa.Table, name: str = "part-0", group: int = 16) -> None:
        """Writes a file of a day, in row groups of `group` rows."""
        pq.write_table(table, self.path(day, f"{name}.parquet"), row_group_size=group)

    def path(self, day: int, name: str) -> pathlib.Path:
        """Returns where a file of a day belongs, in a folder that exists."""
        path = self.folder / "log" / f"span={DATES[day]}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def run(
        self,
        name: str,
        split: SplitConfig | None = None,
        eval_spans: int = 1,
        sampling: SamplingConfig | None = None,
        schema_text: str = SCHEMA,
        dates: tuple[str, ...] = DATES,
        **properties,
    ):
        """Runs the executor on the window `dates`; returns its two artifacts."""
        found = self._artifact(artifacts.SpanWindow(), f"{name}/window")
        cut = len(dates) - eval_spans
        window.write(window.Window(dates[:cut], dates[cut:]), found.uri)
        schema = self._artifact(standard_artifacts.Schema(), f"{name}/schema")
        pathlib.Path(schema.uri, "schema.pbtxt").write_text(schema_text)
        outputs = {
            "examples": [self._artifact(standard_artifacts.Examples(), f"{name}/examples")],
            "quarantine": [self._artifact(artifacts.Quarantine(), f"{name}/quarantine")],
        }
        split = split or SplitConfig(validation_fraction=0.25)
        values = {
            "data_path": str(self.folder / "log"),
            "split": split.model_dump_json(),
            "sampling": (sampling or SamplingConfig()).model_dump_json(),
            "volume": VolumeConfig().model_dump_json(),
            "shards": 3,
            "compression_level": 1,
            "state_token": "s",
            "code_digest": "c",
            **properties,
        }
        context = Executor.Context(beam_pipeline_args=beam_arguments([]))
        Executor(context).Do({"window": [found], "schema": [schema]}, outputs, values)
        return outputs["examples"][0], outputs["quarantine"][0]

    def _artifact(self, artifact, name):
        artifact.uri = str(self.folder / name)
        pathlib.Path(artifact.uri).mkdir(parents=True, exist_ok=True)
        return artifact


@pytest.fixture(scope="session")
def contract():
    return read_contract(parse_schema(SCHEMA))


@pytest.fixture()
def log(tmp_path):
    """The three days, two files each on the first."""
    made = Log(tmp_path)
    first = day_table(0)
    made.write(0, first.slice(0, 25), "part-0")
    made.write(0, first.slice(25), "part-1")
    made.write(1, day_table(1))
    made.write(2, day_table(2))
    return made
