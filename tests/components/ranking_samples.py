"""A small log, its contract, and models over it, for the tests of the components."""

import pathlib

import numpy as np
import tensorflow as tf

from common.tfx_compat import beam_arguments
from models.features.targets import evaluation_targets
from schemas.contract import Contract, parse_schema, read_contract

SCHEMA = """
feature { name: "uid" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "user" tag: "user_id" tag: "id" } }
feature { name: "place" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } }
  string_domain { name: "places" value: "home" value: "all" value: "cart" }
  annotation { tag: "scenario" } }
feature { name: "time" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "timestamp" } }
feature { name: "x" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "context" tag: "numeric" } }
feature { name: "w" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "weight" } }
feature { name: "is_click" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:click" } }
feature { name: "is_buy" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:buy given:click" } }
"""
LISTS = """
feature { name: "hist" type: INT value_count { min: 0 } annotation { tag: "sequence:of=uid" } }
feature { name: "dense" type: FLOAT value_count { min: 2 max: 2 }
  annotation { tag: "vector:dim=2" } }
"""
"""What a schema may have, too, of the columns of `with_lists`."""

OUTPUTS = ("click", "buy_given_click", "click_and_buy")


def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


def make_rows(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Rows as columns; `x` drives both labels, `place` never is 'cart', and often 'all'."""
    random = np.random.default_rng(seed)
    x = random.normal(size=count).astype(np.float32)
    click = (random.random(count) < 1 / (1 + np.exp(-x))).astype(np.int64)
    buy = click * (random.random(count) < 1 / (1 + np.exp(1 - x))).astype(np.int64)
    return {
        "uid": random.integers(0, 50, count),
        "place": random.choice([b"home", b"all"], count),
        "time": np.arange(count),
        "x": x,
        "w": random.choice(np.array([0.5, 1, 2], np.float32), count),
        "is_click": click,
        "is_buy": buy,
    }


def with_lists(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rows with lists of people, a quarter of them empty, and vectors, a fifth missing."""
    lists = {
        "hist": [np.arange(uid, uid + row % 4) % 50 for row, uid in enumerate(rows["uid"])],
        "dense": [np.array([x, 1], np.float32) if i % 5 else None for i, x in enumerate(rows["x"])],
    }
    return rows | {name: np.array([*values, 0], object)[:-1] for name, values in lists.items()}


def serialize(rows: dict[str, np.ndarray]) -> list[bytes]:
    """Each row as a serialized tf.Example."""
    examples = []
    for i in range(len(rows["x"])):
        feature = {}
        for name, values in rows.items():
            value = values[i]
            if value is None:
                continue
            # Lists come as an array of arrays.
            value = value if isinstance(value, np.ndarray) else np.array([value], values.dtype)
            if value.dtype.kind == "S":
                feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
            elif value.dtype.kind == "f":
                feature[name] = tf.train.Feature(float_list=tf.train.FloatList(value=value))
            else:
                feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=value))
        examples.append(
            tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
        )
    return examples


def write_examples(path: str, rows: dict[str, np.ndarray]) -> None:
    """Writes rows as one gzip TFRecord file of tf.Examples."""
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for example in serialize(rows):
            writer.write(example)


def save_model(
    path: str,
    slope: float = 1.0,
    outputs: tuple[str, ...] = OUTPUTS,
    nan_above: float | None = None,
    products: int = 0,
    ballast: int = 0,
    more_inputs: tuple[str, ...] = (),
    most_rows: int = 10_000,
    batch_noise: float = 0.0,
) -> None:
    """Saves a model with the signatures of ours: score = sigmoid(slope x - position of output).

    Args:
      path: the SavedModel's folder.
      slope: of the score.
      outputs: their names.
      nan_above: scores of rows whose x is above it are NaN.
      products: matrix products that every request must wait for.
      ballast: weights that are saved and do nothing.
      more_inputs: float inputs of `predict` that no contract knows.
      most_rows: a request of more fails.
      batch_noise: what a row's logit gains by every row that is scored with it.
    """
    module = tf.Module()
    module.slope = tf.Variable(slope, dtype=tf.float32)
    module.ballast = tf.Variable(tf.zeros([ballast]))
    module.rotation = tf.Variable(np.eye(512 if products else 1, dtype=np.float32)[::-1])
    spec = {"x": tf.io.FixedLenFeature([], tf.float32)}
    # Read here: below, AutoGraph would convert the parser of text protos.
    of_samples = contract()

    def scores(x):
        tf.debugging.assert_less_equal(tf.size(x), most_rows)
        if products:
            turned = tf.while_loop(
                lambda _: True,
                lambda y: [tf.matmul(y, module.rotation)],
                [tf.eye(512)],
                maximum_iterations=products,
            )[0]
            x += 1e-20 * tf.reduce_mean(turned)
        x += batch_noise * tf.cast(tf.size(x), tf.float32)
        found = {name: tf.sigmoid(module.slope * x - float(i)) for i, name in enumerate(outputs)}
        if nan_above is not None:
            found = {
                name: tf.where(x > nan_above, float("nan"), score) for name, score in found.items()
            }
        return found

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_default(examples):
        return scores(tf.io.parse_example(examples, spec)["x"])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, name="x"),
            tf.TensorSpec([None], tf.string, name="place"),
            tf.TensorSpec([None], tf.int64, name="uid"),
            *(tf.TensorSpec([None], tf.float32, name=name) for name in more_inputs),
        ]
    )
    def predict(x, place, uid, *_):
        return scores(x)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def targets(examples):
        return evaluation_targets(of_samples, examples)

    tf.saved_model.save(
        module,
        path,
        signatures={
            "serving_default": serving_default,
            "predict": predict,
            "evaluation_targets": targets,
        },
    )


def evaluate(
    folder: pathlib.Path,
    rows: dict[str, np.ndarray],
    schema: str = SCHEMA,
    batch_noise: float = 0.0,
    beam: tuple[str, ...] = (),
) -> None:
    """Runs the stock Evaluator over `rows`: slope 1 against slope 0.3, into `evaluation`.

    `schema` may make columns optional that SCHEMA requires; `batch_noise` is that of the models;
    `beam` are arguments of Beam.
    """
    from google.protobuf import json_format
    from tfx.components.evaluator.executor import Executor
    from tfx.types import standard_artifacts

    from models.metrics.tfma.eval_config import SCORING_MODULE, make_eval_config

    for name in ("examples/Split-eval", "schema"):
        (folder / name).mkdir(parents=True)
    (folder / "schema" / "schema.pbtxt").write_text(schema)
    write_examples(str(folder / "examples" / "Split-eval" / "data.gz"), rows)
    save_model(str(folder / "candidate" / "Format-Serving"), 1.0, batch_noise=batch_noise)
    save_model(str(folder / "baseline" / "Format-Serving"), 0.3, batch_noise=batch_noise)

    def artifact(cls, name):
        found = cls()
        found.uri = str(folder / name)
        return [found]

    examples = artifact(standard_artifacts.Examples, "examples")
    examples[0].split_names = '["eval"]'
    context = Executor.Context(
        beam_pipeline_args=beam_arguments(beam), tmp_dir=str(folder / "tmp"), unique_id="1"
    )
    config = json_format.MessageToJson(
        make_eval_config(read_contract(parse_schema(schema))), preserving_proto_field_name=True
    )
    Executor(context).Do(
        {
            "examples": examples,
            "model": artifact(standard_artifacts.Model, "candidate"),
            "baseline_model": artifact(standard_artifacts.Model, "baseline"),
            "schema": artifact(standard_artifacts.Schema, "schema"),
        },
        {
            "evaluation": artifact(standard_artifacts.ModelEvaluation, "evaluation"),
            "blessing": artifact(standard_artifacts.ModelBlessing, "unused_blessing"),
        },
        {
            "eval_config": config,
            "example_splits": '["eval"]',
            "module_path": SCORING_MODULE,
        },
    )


def transform(folder: pathlib.Path, split: pathlib.Path, schema_text: str = SCHEMA) -> str:
    """Builds the transform graph of a split's rows below `folder`; returns its folder."""
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from tfx_bsl.public import tfxio

    from models.features.preprocessing import preprocessing_fn

    source = tfxio.TFExampleRecord(f"{split}/*", schema=parse_schema(schema_text))
    output = str(folder / "transform")
    with (
        beam.Pipeline(argv=beam_arguments([])) as pipeline,
        tft_beam.Context(str(folder / "temp")),
    ):
        data = (pipeline | source.BeamSource(), source.TensorAdapterConfig())
        graph = data | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"schema": schema_text})
        )
        _ = graph | tft_beam.WriteTransformFn(output)
    return output
