"""One row with a history has one score: trainer, TFMA, the v1 loader, servers and the canary."""

import json
import pathlib
import pickle
import shutil
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from made_batches import make_ranker, randomise
from small_log import encoded, transform, write_split
from tfx.types import standard_artifacts

from common.tfx_compat import beam_arguments, tfma
from components.model_canary.config import CanaryConfig
from components.model_canary.executor import Executor
from components.model_canary.signatures import signature_problems
from models.datasets.in_memory import files_of, hold
from models.export.saved_model import ServingModule, dense_columns, save_serving_model, write_warmup
from models.export.validation_sample import write_canary
from models.features.layout import build_input_layout
from models.metrics.tfma.eval_config import make_eval_config
from models.training.scoring import make_scorer
from schemas.contract import Contract, parse_schema, read_contract
from serving.client import Client
from serving.loading.loader import load
from serving.server import ModelServer

pytestmark = pytest.mark.e2e

SCHEMA = """
feature { name: "page" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } }
  string_domain { value: "home" value: "cart" }
  annotation { tag: "scenario" tag: "context" tag: "categorical" } }
feature { name: "item id" type: INT annotation { tag: "item" tag: "id" } }
feature { name: "seen item" type: INT value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:of=item id,length=50,group=history" } }
feature { name: "done" type: BYTES value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:length=50,group=history" } }
feature { name: "gap" type: FLOAT value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:length=50,group=history,buckets=4" } }
feature { name: "tags" type: BYTES value_count { min: 0 }
  annotation { tag: "item" tag: "multi_value:length=2,weights=tag_weights" } }
feature { name: "tag_weights" type: FLOAT value_count { min: 0 } }
feature { name: "image" type: FLOAT value_count { min: 3 max: 3 }
  annotation { tag: "item" tag: "vector:dim=3" } }
feature { name: "click" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:click" } }
feature { name: "buy" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:buy given:click" } }
"""
LENGTHS = (0, 1, 49, 50, 51)
TOLERANCE = 1e-6


def made_row(length: int, seed: int, **changed: Any) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {
        "page": "home",
        "item id": 3,
        "seen item": random.integers(0, 12, length).tolist(),
        "done": random.choice(["click", "buy", "share"], length).tolist(),
        "gap": random.exponential(9.0, length).astype(np.float32).tolist(),
        "tags": ["new", "red", "big"][: seed % 4],
        "tag_weights": [1.0, 0.5, 0.25][: seed % 4],
        "image": [0.5, -1.0, 2.0] if seed % 2 else [],
        "click": seed % 2,
        "buy": 0,
        **changed,
    }


def made_rows() -> list[dict[str, Any]]:
    """A row of each length, twice; last the longest once more, without its oldest event."""
    rows = [made_row(length, seed) for seed in range(2) for length in LENGTHS]
    shorter = {name: rows[-1][name][1:] for name in ("seen item", "done", "gap")}
    return [*rows, {**rows[-1], **shorter}]


ROWS = made_rows()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


@pytest.fixture(scope="module")
def transform_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = [*ROWS, *(made_row(n % 7, n, **{"item id": n % 12}) for n in range(60))]
    return transform(tmp_path_factory.mktemp("lists"), rows, SCHEMA)


@pytest.fixture(scope="module", params=["din", "attention", "mean"])
def trained(
    request: pytest.FixtureRequest,
    contract: Contract,
    transform_dir: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[pathlib.Path, dict[str, np.ndarray]]:
    """A served version's folder, and the trainer's scores of the rows."""
    output = tft.TFTransformOutput(transform_dir)
    layer = output.transform_features_layer()
    model = {"name": "mmoe", "embedding_dim": 4, "histories": request.param}
    ranker = make_ranker(
        {**model, "expert_units": (16, 8), "tower_units": (8,)},
        inputs=build_input_layout(contract, output),
        tasks=contract.tasks,
    )
    folder = tmp_path_factory.mktemp(request.param)
    write_split(folder / "rows", ROWS, shards=1)
    held = hold(contract, layer, files_of([f"{folder}/rows/*"]), serving=True)
    assert held is not None
    ranker(next(iter(held.in_order(len(ROWS)))), training=False)
    randomise(ranker)
    saved = folder / "served" / "1"
    save_serving_model(ServingModule(ranker, layer, contract), str(saved))
    write_warmup(str(saved), "lists", contract, [encoded(row) for row in ROWS])
    return saved, make_scorer(ranker, held, 64)(held)


def check(found: dict[str, Any], expected: dict[str, np.ndarray]) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        scores = np.asarray(found[name]).reshape(-1)
        np.testing.assert_allclose(scores, values, rtol=0, atol=TOLERANCE, err_msg=name)


def test_the_trainers_scores_follow_the_newest_events(trained: Any) -> None:
    scores = trained[1]["click"]
    assert len(np.unique(scores[:5].round(5))) == 5  # All but the history is alike.
    by_length = dict(zip(LENGTHS, scores[5:10], strict=True))
    assert scores[-1] == pytest.approx(by_length[51], abs=1e-7)


def test_the_v1_loader(trained: Any, contract: Contract) -> None:
    saved, expected = trained
    examples = [encoded(row) for row in ROWS]
    model = load(str(saved))
    try:
        by_columns = model.signatures["predict"].run(dense_columns(contract, examples))
        serialized = {"examples": np.array(examples, dtype=object)}
        by_examples = model.signatures["serving_default"].run(serialized)
    finally:
        model.close()
    check(by_columns, expected)
    check(by_examples, expected)


def test_a_server_over_grpc(trained: Any, contract: Contract) -> None:
    saved, expected = trained
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    del columns["click"], columns["buy"]
    with (
        ModelServer("lists", saved.parent) as server,
        Client(server.target, "lists") as client,
    ):
        client.wait_until_available()
        assert not any(signature_problems(contract, client.metadata()).values())
        assert set(client.columns()) == set(columns)
        check(client.predict(columns), expected)
        check(client.predict_examples([encoded(row) for row in ROWS]), expected)
        one = {name: values[3:4] for name, values in columns.items()}
        check(client.predict(one), {name: values[3:4] for name, values in expected.items()})


@pytest.mark.parametrize("trained", ["din"], indirect=True)
def test_the_canary(trained: Any, tmp_path: pathlib.Path) -> None:
    saved, expected = trained

    def artifact(kind: Any, name: str, **properties: Any) -> list[Any]:
        found = kind()
        found.uri = str(tmp_path / name)
        for key, value in properties.items():
            found.set_int_custom_property(key, value)
        return [found]

    shutil.copytree(saved, tmp_path / "model" / "Format-Serving")
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA)
    examples = [encoded(row) for row in ROWS]
    write_canary(str(tmp_path / "run" / "canary"), examples, expected, "float32")
    infra = artifact(standard_artifacts.InfraBlessing, "infra")
    settings = CanaryConfig(batch_rows=4, latency_requests=15)
    Executor().Do(
        {
            "model": artifact(standard_artifacts.Model, "model"),
            "model_run": artifact(standard_artifacts.ModelRun, "run"),
            "blessing": artifact(standard_artifacts.ModelBlessing, "blessing", blessed=1),
            "baseline_model": artifact(standard_artifacts.Model, "baseline", exists=0),
            "schema": artifact(standard_artifacts.Schema, "schema"),
        },
        {"infra_blessing": infra},
        {"canary": settings.model_dump_json(), "state_token": "0", "code_digest": "x"},
    )
    found = json.loads((tmp_path / "infra" / "canary.json").read_text())
    assert found["reasons"] == [] and found["rows"] == len(ROWS)
    for signature in ("serving_default", "predict"):
        assert found[signature]["largest_difference"] <= TOLERANCE
    assert infra[0].get_int_custom_property("blessed") == 1


# It loads what the v1 loader loads, whatever the model.
@pytest.mark.parametrize(
    "trained",
    ["din", *(pytest.param(name, marks=pytest.mark.slow) for name in ("attention", "mean"))],
    indirect=True,
)
def test_the_evaluator(trained: Any, contract: Contract, tmp_path: pathlib.Path) -> None:
    import apache_beam as beam
    from tfx_bsl.public import tfxio

    saved, expected = trained
    eval_config = make_eval_config(contract)
    models = [
        tfma.default_eval_shared_model(
            eval_saved_model_path=str(saved), model_name=spec.name, eval_config=eval_config
        )
        for spec in eval_config.model_specs
    ]
    # Numbered, since rows may be alike.
    examples = [encoded({**row, "number": number}) for number, row in enumerate(ROWS)]
    with tf.io.TFRecordWriter(str(tmp_path / "rows.tfrecord")) as writer:
        for example in examples:
            writer.write(example)
    source = tfxio.TFExampleRecord(
        str(tmp_path / "rows.tfrecord"), raw_record_column_name=tfma.ARROW_INPUT_COLUMN
    )
    with beam.Pipeline(argv=beam_arguments([])) as pipeline:
        extracts = pipeline | source.BeamSource() | tfma.BatchedInputsToExtracts()
        for extractor in tfma.default_extractors(eval_shared_model=models, eval_config=eval_config):
            extracts |= extractor.stage_name >> extractor.ptransform
        # The default extractors end with single rows.
        _ = (
            extracts
            | beam.Map(
                lambda row: pickle.dumps((row["input"].item(), row["predictions"]["candidate"]))
            )
            | beam.io.WriteToTFRecord(str(tmp_path / "predictions"))
        )
    written = [str(path) for path in tmp_path.glob("predictions*")]
    found = dict(pickle.loads(x.numpy()) for x in tf.data.TFRecordDataset(written))
    check({name: [found[row][name].item() for row in examples] for name in expected}, expected)
