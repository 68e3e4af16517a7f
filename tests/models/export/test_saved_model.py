"""The SavedModel: signatures, the loader of a model server, and one score for a row."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from small_log import encoded, made_rows, write_split

from models.config import TrainingConfig
from models.datasets.in_memory import files_of, hold
from models.export.saved_model import ServingModule, dense_columns, save_serving_model, write_warmup
from models.export.validation_sample import read_rows, spread_positions, write_canary
from models.features.inputs import target_key, weight_key
from models.features.layout import build_input_layout
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.scoring import make_scorer
from schemas.contract import Contract
from serving.served_columns import served_columns
from serving.warmup import read_warmup_requests

OUTPUTS = {"click", "buy_given_click", "click_and_buy"}


@pytest.fixture(scope="module")
def ranker(contract: Contract, transform_output: Any) -> Ranker:
    """A ranker with every variable away from its initial zero."""
    config = parse_model_config({"name": "shared_bottom", "bottom_units": [8], "dropout": 0.5})
    layout = build_input_layout(contract, transform_output)
    made = Ranker(layout, contract.tasks, config, TrainingConfig())
    random = np.random.default_rng(0)
    made.set_weights([random.normal(0, 0.3, w.shape).astype(w.dtype) for w in made.get_weights()])
    return made


@pytest.fixture(scope="module")
def saved(
    tmp_path_factory: pytest.TempPathFactory,
    ranker: Ranker,
    transform_layer: Any,
    contract: Contract,
) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("model") / "Format-Serving"
    save_serving_model(ServingModule(ranker, transform_layer, contract), str(folder))
    return folder


def served(saved: pathlib.Path, signature: str, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """What the loader that TF Serving uses makes of a signature."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(saved))
        definition = graph.signature_def[signature]
        assert set(definition.inputs) == set(inputs)
        return session.run(
            {name: info.name for name, info in definition.outputs.items()},
            {definition.inputs[name].name: value for name, value in inputs.items()},
        )


def test_trainer_and_both_signatures_give_one_score(
    saved: pathlib.Path,
    ranker: Ranker,
    transform_layer: Any,
    contract: Contract,
    tmp_path: pathlib.Path,
) -> None:
    # Optional columns are absent from a tenth of the rows; position varies and must not count.
    rows = [encoded(row) for row in made_rows(100, seed=11)]
    write_split(tmp_path / "Split-validation", made_rows(100, seed=11), shards=1)
    files = files_of([f"{tmp_path}/Split-validation/*"])
    held = hold(contract, transform_layer, files, serving=True)
    scores = make_scorer(ranker, held, batch_size=32)(held)
    assert set(scores) == OUTPUTS
    assert np.ptp(scores["click"]) > 0.1
    by_examples = served(saved, "serving_default", {"examples": rows})
    by_columns = served(saved, "predict", dense_columns(contract, rows))
    for output, expected in scores.items():
        assert by_examples[output].shape == (100,)
        assert by_examples[output].dtype == np.float32
        np.testing.assert_allclose(by_examples[output], expected, rtol=0, atol=1e-6)
        np.testing.assert_allclose(by_columns[output], expected, rtol=0, atol=1e-6)


def test_predict_takes_one_tensor_a_serving_feature(
    saved: pathlib.Path, contract: Contract
) -> None:
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(saved))
        inputs = graph.signature_def["predict"].inputs
    found = {name: (info.dtype, len(info.tensor_shape.dim)) for name, info in inputs.items()}
    dtypes = {"int": tf.int64, "float": tf.float32, "bytes": tf.string}
    assert found == {
        column.name: (dtypes[column.type].as_datatype_enum, 1)
        for column in contract.serving_features
    }
    assert "position" not in found and "click" not in found


def test_the_model_says_its_columns_and_which_may_be_missing(
    saved: pathlib.Path, contract: Contract
) -> None:
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(saved))
    found = served_columns("predict", graph.signature_def)
    assert set(found) == {column.name for column in contract.serving_features}
    needed = {name for name, column in found.items() if column.missing is None}
    assert needed == {column.name for column in contract.serving_features if column.required}
    assert needed and needed != set(found)
    assert graph.signature_def["polyrank_columns"].method_name == "polyrank/columns"


def test_an_example_without_a_required_column_is_refused(saved: pathlib.Path) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="user"):
        served(saved, "serving_default", {"examples": [encoded({"scenario": "home"})]})


def test_evaluation_targets_through_the_saved_model(saved: pathlib.Path) -> None:
    rows = [{"click": 1, "buy": 1, "weight": 2.0}, {"click": 0, "buy": 0, "weight": 1.0}]
    found = served(saved, "evaluation_targets", {"examples": [encoded(row) for row in rows]})
    assert set(found) == {key(output) for output in OUTPUTS for key in (target_key, weight_key)}
    assert found[target_key("buy_given_click")].tolist() == [1, 0]
    assert found[weight_key("buy_given_click")].tolist() == [2, 0]


def test_warmup_requests_are_real_rows(saved: pathlib.Path, contract: Contract) -> None:
    rows = [{"scenario": "cart", "user": 7, "price": 2.5}, {"scenario": "home", "user": 8}]
    serialized = [encoded(row) for row in rows]
    write_warmup(str(saved), "polyrank", contract, serialized)
    requests = list(read_warmup_requests(saved))
    assert {request.model_spec.name for request in requests} == {"polyrank"}
    signatures = [request.model_spec.signature_name for request in requests]
    assert signatures == ["predict", "predict", "serving_default", "serving_default"]
    one, many, one_example, many_examples = (request.inputs for request in requests)
    assert set(one) == {column.name for column in contract.serving_features}
    assert tf.make_ndarray(one["user"]).tolist() == [7]
    assert tf.make_ndarray(one["price"]).tolist() == [2.5]
    assert tf.make_ndarray(many["brand"]).tolist() == [b""] * 128
    assert tf.make_ndarray(many["user"]).tolist() == [7, 8] * 64
    assert tf.make_ndarray(one_example["examples"]).tolist() == serialized[:1]
    assert tf.make_ndarray(many_examples["examples"]).tolist() == serialized * 64


def test_without_rows_there_are_no_warmup_requests(
    tmp_path: pathlib.Path, contract: Contract
) -> None:
    write_warmup(str(tmp_path), "polyrank", contract, [])
    assert list(tmp_path.iterdir()) == []


def test_canary_rows_are_spread_over_the_split(tmp_path: pathlib.Path) -> None:
    assert spread_positions(10, 4).tolist() == [0, 3, 6, 9]
    assert spread_positions(3, 10).tolist() == [0, 1, 2]
    rows = made_rows(10)
    write_split(tmp_path / "Split-validation", rows, shards=1)
    files = files_of([f"{tmp_path}/Split-validation/*"])
    found = [tf.train.Example.FromString(row) for row in read_rows(files, np.array([3, 9]))]
    assert found == [tf.train.Example.FromString(encoded(rows[number])) for number in (3, 9)]


def test_canary_record(tmp_path: pathlib.Path) -> None:
    scores = {"click": np.array([0.25, 0.5], np.float32)}
    write_canary(str(tmp_path / "canary"), [b"one", b"two"], scores, "float32")
    records = tf.data.TFRecordDataset(str(tmp_path / "canary" / "examples.tfrecord"))
    assert list(records.as_numpy_iterator()) == [b"one", b"two"]
    with np.load(tmp_path / "canary" / "scores.npz") as found:
        assert found["click"].tolist() == [0.25, 0.5]
    document = json.loads((tmp_path / "canary" / "canary.json").read_text())
    assert document == {"precision": "float32"}
