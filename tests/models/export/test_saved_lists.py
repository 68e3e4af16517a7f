"""Lists through the SavedModel: one value for a row in training and by both signatures."""

import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from rows_with_lists import SCHEMA, history, made_rows, row
from small_log import encoded, transform, write_split

from models.config import TrainingConfig
from models.datasets.in_memory import files_of, hold
from models.export.saved_model import ServingModule, dense_columns, save_serving_model, write_warmup
from models.features.layout import build_input_layout
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.scoring import make_scorer
from schemas.contract import Contract, parse_schema, read_contract
from serving.served_columns import ServedLengths, served_columns
from serving.warmup import read_warmup_requests


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


@pytest.fixture(scope="module")
def transform_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    return transform(tmp_path_factory.mktemp("lists"), made_rows(), SCHEMA)


@pytest.fixture(scope="module")
def layer(transform_dir: str) -> Any:
    return tft.TFTransformOutput(transform_dir).transform_features_layer()


def everything(batch: dict[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
    """Stands in for a model and returns all that one reads, as numbers [B, any]."""
    assert not training
    return {name: tf.cast(values, tf.float64) for name, values in batch.items()}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, contract: Contract, layer: Any) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("model") / "Format-Serving"
    save_serving_model(ServingModule(everything, layer, contract), str(folder))
    return folder


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Histories of 0, 1, L - 1, L, L + 1 and many values; lists, vectors, and none of them."""
    lengths = [0, 1, 3, 4, 5, 60]
    histories = [
        row(item_id=1 + n % 3, **history(*((k % 5, "abcz"[k % 4], float(k)) for k in range(n))))
        for n in lengths
    ]
    return [*made_rows(), *histories, row(text=[0.0, 1.0], image=[0.5, 0.25, 0.125])]


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


def test_training_and_both_signatures_read_one_thing(
    saved: pathlib.Path,
    contract: Contract,
    layer: Any,
    rows: list[dict[str, Any]],
    tmp_path: pathlib.Path,
) -> None:
    write_split(tmp_path / "Split-eval", rows, shards=1)
    held = hold(contract, layer, files_of([f"{tmp_path}/Split-eval/*"]), serving=True)
    assert held is not None
    examples = [encoded(each) for each in rows]
    by_examples = served(saved, "serving_default", {"examples": examples})
    by_columns = served(saved, "predict", dense_columns(contract, examples))
    (batch,) = held.in_order(len(rows))
    assert (
        set(by_examples)
        == set(by_columns)
        == {n for n in batch if not n.startswith(("target__", "weight__", "row__"))}
    )
    for name, values in by_examples.items():
        np.testing.assert_array_equal(values, held.column(name), name)
        np.testing.assert_array_equal(values, by_columns[name], name)
        np.testing.assert_array_equal(values, batch[name], name)
    assert by_examples["history__length"].tolist() == [2, 0, 1, 4, 0, 0, 0, 1, 3, 4, 4, 4, 0]


def test_the_model_says_what_its_lists_are(saved: pathlib.Path) -> None:
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(saved))
        found = served_columns("predict", graph.signature_def)
    lists = {
        name: (column.length, column.lengths) for name, column in found.items() if column.length
    }
    history_, tags = ServedLengths("history__length", True), ServedLengths("tags__length", False)
    assert lists == {
        "seen item": (4, history_),
        "seen_category": (4, history_),
        "gap": (4, history_),
        "seen_hours": (2, ServedLengths("seen_hours__length", True)),
        "queries": (3, ServedLengths("queries__length", True)),
        "tags": (3, tags),
        "tag_weights": (3, tags),
        "liked": (2, ServedLengths("liked__length", False)),
        "more_tags": (2, ServedLengths("more_tags__length", False)),
    }
    assert {name: column.dim for name, column in found.items() if column.dim} == {
        "image": 3,
        "text": 2,
    }
    assert found["image"].missing is not None and found["text"].missing is None
    assert "carried" not in found


def test_warm_up_requests_have_the_lists_of_real_rows(
    saved: pathlib.Path, contract: Contract
) -> None:
    write_warmup(
        str(saved),
        "polyrank",
        contract,
        [encoded(row(liked=[7, 8, 9])), encoded(row(**history((5, "a", 1.5))))],
    )
    one, many, *_ = (request.inputs for request in read_warmup_requests(saved))
    assert tf.make_ndarray(one["liked"]).tolist() == [[7, 8]]
    assert tf.make_ndarray(one["liked__length"]).tolist() == [2]
    assert tf.make_ndarray(many["liked"]).tolist() == [[7, 8], [0, 0]] * 64
    assert tf.make_ndarray(many["gap"]).tolist() == [[0.0] * 4, [1.5, 0.0, 0.0, 0.0]] * 64
    assert tf.make_ndarray(many["history__length"]).tolist() == [0, 1] * 64
    assert np.isnan(tf.make_ndarray(many["image"])).all()


def test_examples_with_lists_that_do_not_fit_are_refused(saved: pathlib.Path) -> None:
    wrong = row(**{**history((1, "a", 1.0)), "gap": []})
    with pytest.raises(tf.errors.InvalidArgumentError, match="equally many values"):
        served(saved, "serving_default", {"examples": [encoded(wrong)]})


@pytest.mark.parametrize("histories", ["din"])
def test_a_model_gives_one_score_for_every_length(
    histories: str,
    contract: Contract,
    transform_dir: str,
    layer: Any,
    rows: list[dict[str, Any]],
    tmp_path: pathlib.Path,
) -> None:
    config = parse_model_config(
        {"name": "shared_bottom", "bottom_units": [8], "histories": histories}
    )
    layout = build_input_layout(contract, tft.TFTransformOutput(transform_dir))
    ranker = Ranker(layout, contract.tasks, config, TrainingConfig())
    random = np.random.default_rng(0)
    weights = [random.normal(0, 0.3, w.shape).astype(w.dtype) for w in ranker.get_weights()]
    ranker.set_weights(weights)
    write_split(tmp_path / "Split-eval", rows, shards=1)
    held = hold(contract, layer, files_of([f"{tmp_path}/Split-eval/*"]), serving=True)
    assert held is not None
    scores = make_scorer(ranker, held, batch_size=32)(held)["click"]
    folder = tmp_path / "Format-Serving"
    save_serving_model(ServingModule(ranker, layer, contract), str(folder))
    examples = [encoded(each) for each in rows]
    by_examples = served(folder, "serving_default", {"examples": examples})["click"]
    by_columns = served(folder, "predict", dense_columns(contract, examples))["click"]
    np.testing.assert_allclose(by_examples, scores, rtol=0, atol=1e-6)
    np.testing.assert_allclose(by_columns, scores, rtol=0, atol=1e-6)
    # The history counts: these rows differ in it alone.
    seen = [row(item_id=1, **history(*events)) for events in ([], [(1, "a", 1.0)], [(3, "c", 9.0)])]
    found = served(folder, "serving_default", {"examples": [encoded(x) for x in seen]})["click"]
    assert len(set(found.tolist())) == 3
    # And what is older than the newest four does not.
    newest = [(item, "b", 2.0) for item in (1, 2, 3, 1)]
    longer = [row(item_id=1, **history(*events)) for events in (newest, [(3, "c", 9.0)] + newest)]
    found = served(folder, "serving_default", {"examples": [encoded(x) for x in longer]})["click"]
    assert found[0] == pytest.approx(found[1], abs=1e-7)
