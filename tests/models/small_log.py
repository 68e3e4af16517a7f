"""A small log with every kind of column, its contract, and what writes and transforms it."""

import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from common.tfx_compat import beam_arguments
from models.features.preprocessing import preprocessing_fn
from schemas.contract import parse_schema

SCHEMA = """
feature { name: "scenario" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } }
  string_domain { value: "home" value: "search" value: "cart" }
  annotation { tag: "scenario" tag: "context" tag: "categorical" } }
feature { name: "user" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "user_id" tag: "user" tag: "id:min_count=2,oov=2,dim=4" } }
feature { name: "brand" type: BYTES annotation { tag: "item" tag: "id:oov=1" } }
feature { name: "gender" type: BYTES string_domain { value: "f" value: "m" }
  annotation { tag: "user" tag: "prior" tag: "categorical:oov=3" } }
feature { name: "hour" type: INT int_domain { min: 5 max: 8 }
  annotation { tag: "context" tag: "categorical" } }
feature { name: "city" type: BYTES annotation { tag: "user" tag: "categorical:dim=3" } }
feature { name: "price" type: FLOAT annotation { tag: "item" tag: "numeric:buckets=4" } }
feature { name: "age" type: INT annotation { tag: "user" tag: "numeric" } }
feature { name: "position" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  int_domain { min: 0 max: 9 }
  annotation { tag: "context" tag: "categorical" tag: "train_only:default=0" } }
feature { name: "time" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "timestamp" } }
feature { name: "weight" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "weight" } }
feature { name: "click" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:click" } }
feature { name: "buy" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:buy given:click" } }
"""


def made_rows(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Rows of the log above with a signal in `user`; optional columns may be absent."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        user = int(random.integers(0, 40))
        click = int(random.random() < (0.8 if user % 2 else 0.2))
        row: dict[str, Any] = {
            "scenario": random.choice(["home", "search", "cart"]),
            "user": user,
            "time": 1_700_000_000 + number,
            "position": int(random.integers(0, 10)),
            "weight": float(random.choice([1.0, 2.0])),
            "click": click,
            "buy": int(click and random.random() < 0.4),
        }
        optional = {
            "brand": f"b{random.integers(0, 8)}",
            "gender": random.choice(["f", "m", "x"]),
            "hour": int(random.integers(5, 9)),
            "city": random.choice(["berlin", "paris"]),
            "price": float(random.normal(10, 3)),
            "age": int(random.integers(18, 60)),
        }
        row.update({name: value for name, value in optional.items() if random.random() > 0.1})
        rows.append(row)
    return rows


def encoded(row: dict[str, Any]) -> bytes:
    """Serialises one row as tf.Example; a column that is not in it is missing."""
    features = {}
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        if all(isinstance(each, int) for each in values):
            feature = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        elif isinstance(values[0], float):
            feature = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            texts = [str(each).encode() for each in values]
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))
        # An empty list is a feature of no kind, as encoders write it.
        features[name] = feature if values else tf.train.Feature()
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def write_split(folder: pathlib.Path, rows: list[dict[str, Any]], shards: int = 2) -> str:
    """Writes rows as gzip TFRecord shards; returns the file pattern."""
    folder.mkdir(parents=True)
    for shard in range(shards):
        path = folder / f"data_tfrecord-{shard:05d}-of-{shards:05d}.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for row in rows[shard::shards]:
                writer.write(encoded(row))
    return str(folder / "*")


def transform(folder: pathlib.Path, rows: list[dict[str, Any]], schema: str = SCHEMA) -> str:
    """Builds the transform graph of `rows` below `folder`; returns its directory."""
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from tfx_bsl.public import tfxio

    examples = folder / "tft_examples"
    pattern = write_split(examples, rows, shards=1)
    source = tfxio.TFExampleRecord(pattern, schema=parse_schema(schema))
    output = str(folder / "transform")
    with (
        beam.Pipeline(argv=beam_arguments([])) as pipeline,
        tft_beam.Context(temp_dir=str(folder / "temp"), use_deep_copy_optimization=True),
    ):
        raw = pipeline | source.BeamSource()
        graph = (raw, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"schema": schema})
        )
        _ = graph | tft_beam.WriteTransformFn(output)
    return output
