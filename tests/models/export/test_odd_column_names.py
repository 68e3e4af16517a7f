"""Columns with any names: transform graph, training, SavedModel, server and client."""

from __future__ import annotations

from typing import Any

import numpy as np
import odd_names
import pytest
import tensorflow_transform as tft
from city_model import push
from small_log import encoded, transform, write_split

from common.names import PREDICT
from models.config import TrainingConfig
from models.datasets.in_memory import files_of, hold
from models.export.saved_model import ServingModule, dense_columns, save_serving_model, write_warmup
from models.features.layout import build_input_layout
from models.features.vocabularies import vocabulary_name
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.scoring import make_scorer
from schemas.contract import parse_schema, read_contract
from serving.client import Client
from serving.server import ModelServer

# e2e/test_run_with_odd_names.py takes such a log from its file to a server's answer.
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CONTRACT = read_contract(parse_schema(odd_names.schema()))
ROWS = odd_names.made_rows(400)


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("odd")
    return tft.TFTransformOutput(transform(folder, ROWS, odd_names.schema()))


def test_every_column_has_a_vocabulary_of_its_own(transformed: Any) -> None:
    learned = [name for name, (kind, _) in odd_names.FEATURES.items() if kind == "BYTES"]
    learned.remove(odd_names.SCENARIO)
    files = [vocabulary_name(odd_names.GRAPH_NAMES[name]) for name in learned]
    assert len({name.lower() for name in files}) == len(learned) == 6
    assert max(len(name) for name in files) < 100
    for name, file in zip(learned, files, strict=True):
        found = {token.decode() for token in transformed.vocabulary_by_name(file)}
        assert found == {row[name] for row in ROWS if name in row}


def test_trained_saved_served_and_queried_by_the_columns_names(
    transformed: Any, tmp_path: Any
) -> None:
    assert {x.name: x.graph_name for x in CONTRACT.serving_features} == odd_names.GRAPH_NAMES
    layer = transformed.transform_features_layer()
    write_split(tmp_path / "Split-train", ROWS, shards=1)
    held = hold(CONTRACT, layer, files_of([f"{tmp_path}/Split-train/*"]), serving=True)
    assert held is not None
    layout = build_input_layout(CONTRACT, transformed)
    assert {field.column for field in layout.fields} < set(odd_names.FEATURES)
    config = parse_model_config({"name": "csii", "embedding_dim": 4, "l2_per": "value"})
    ranker = Ranker(layout, CONTRACT.tasks, config, TrainingConfig())
    random = np.random.default_rng(0)
    ranker.set_weights(
        [random.normal(0, 0.3, w.shape).astype(w.dtype) for w in ranker.get_weights()]
    )
    explained = ranker.explain(next(iter(held.in_order(64))))["transferability"]
    fields = next(axis for axis in explained.axes if axis.name == "field")
    assert fields.entries == tuple(field.column for field in layout.fields)

    folder = tmp_path / "saved"
    save_serving_model(ServingModule(ranker, layer, CONTRACT), str(folder))
    rows = [encoded(row) for row in ROWS[:50]]
    write_warmup(str(folder), "odd", CONTRACT, rows)
    expected = make_scorer(ranker, held, batch_size=64)(held.at(np.arange(50)))
    assert set(expected) == {"klick?", "买_given_klick?", "klick?_and_买"}
    push(folder, tmp_path / "served", 1)
    with ModelServer("odd", tmp_path / "served") as server, Client(server.target, "odd") as client:
        client.wait_until_available()
        assert set(client.metadata()[PREDICT].inputs) == set(odd_names.GRAPH_NAMES.values())
        columns = {name: [row.get(name) for row in ROWS[:50]] for name in odd_names.FEATURES}
        found = {
            "examples": client.predict_examples(rows),
            "columns": client.predict(columns),
            "tensors": client.predict_tensors(dense_columns(CONTRACT, rows)),
        }
    for scores in found.values():
        assert set(scores) == set(expected)
        for output, values in expected.items():
            np.testing.assert_allclose(scores[output], values, rtol=0, atol=1e-5)
