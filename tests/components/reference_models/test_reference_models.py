import json

import numpy as np
import pytest
import ranking_samples
from sklearn.metrics import log_loss, roc_auc_score
from tfx.types import standard_artifacts

from components.common.artifacts import ReferenceMetrics
from components.reference_models.eval_scores import read_eval_scores
from components.reference_models.executor import Executor
from components.reference_models.measure import item_position, references, user_position
from models.features.inputs import Field, InputLayout
from models.references.smoothed_rate import tune_smoothed_rate
from models.references.table import Table
from schemas.contract import parse_schema, read_contract

ITEM_IDS = """
feature { name: "shop" type: INT annotation { tag: "item" tag: "id" } }
feature { name: "video" type: INT annotation { tag: "item" tag: "id" } }
feature { name: "hue" type: BYTES annotation { tag: "item" tag: "categorical" } }
"""


def layout(*columns: tuple[str, int, str]) -> InputLayout:
    fields = tuple(Field(name, size, side=side) for name, size, side in columns)
    return InputLayout(fields, (), ("home",))


def table(count: int, seed: int) -> Table:
    random = np.random.default_rng(seed)
    users = random.integers(0, 8, (count, 1)).astype(np.int32)
    target = (random.random(count) < (users[:, 0] + 1) / 9).astype(float)
    return Table(users, (8,), np.empty((count, 0), np.float32), target, np.ones(count))


def test_the_item_is_the_largest_id_of_the_item_side():
    contract = read_contract(parse_schema(ranking_samples.SCHEMA + ITEM_IDS))
    found = layout(
        ("shop", 10, "item"), ("uid", 900, "user"), ("hue", 99, "item"), ("video", 50, "item")
    )
    assert item_position(contract, found) == 3
    assert user_position(contract, found) == 1
    assert item_position(contract, layout(("uid", 900, "user"))) is None
    assert user_position(contract, layout(("shop", 10, "item"))) is None


def test_metrics_are_of_the_eval_rows():
    train, validation, held_out = table(800, 1), table(300, 2), table(300, 3)
    contract = ranking_samples.contract()
    measured = references(contract, layout(("uid", 8, "user")), train, validation, held_out)
    found = measured.metrics
    assert set(found) == {"user_rate", "logistic_regression"}  # There is no item to rate.
    fit = tune_smoothed_rate(train, validation, [0])
    scores = fit.scores(held_out)
    assert set(measured.scores) == set(found)
    np.testing.assert_array_equal(measured.scores["user_rate"], scores)
    assert found["user_rate"]["smoothings"] == list(fit.smoothings)
    assert found["user_rate"]["auc"] == pytest.approx(roc_auc_score(held_out.target, scores))
    assert found["user_rate"]["logloss"] == pytest.approx(log_loss(held_out.target, scores))
    assert found["user_rate"]["positives"] == held_out.target.sum()
    json.dumps(found, allow_nan=False)


def test_a_split_of_one_class_has_a_reason_and_no_metrics():
    good, bad = table(100, 1), table(100, 2)
    bad.target[:] = 1
    found = references(ranking_samples.contract(), layout(("uid", 8, "user")), good, bad, good)
    assert found.metrics == {"reason": "split 'validation' has not both classes"}
    assert found.scores == {}


@pytest.mark.e2e
@pytest.mark.parametrize("lists", ["", ranking_samples.LISTS], ids=["values", "lists"])
def test_the_component_reads_examples_and_transform_graph(tmp_path, lists):
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    examples.split_names = json.dumps(["train", "validation", "eval"])
    rows = {
        split: ranking_samples.make_rows(count, seed)
        for seed, (split, count) in enumerate((("train", 900), ("validation", 300), ("eval", 400)))
    }
    for split, columns in rows.items():
        folder = tmp_path / "examples" / f"Split-{split}"
        folder.mkdir(parents=True)
        ids = 7 * 2**40 + np.random.default_rng(5).permutation(len(columns["x"]))
        columns["row__id"] = ids
        columns = ranking_samples.with_lists(columns) if lists else columns
        ranking_samples.write_examples(str(folder / "data.gz"), columns)
        examples.set_int_custom_property(f"rows_{split}", len(columns["x"]))
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "schema.pbtxt").write_text(ranking_samples.SCHEMA + lists)
    schema, graph = standard_artifacts.Schema(), standard_artifacts.TransformGraph()
    schema.uri = str(tmp_path / "schema")
    graph.uri = ranking_samples.transform(
        tmp_path, tmp_path / "examples" / "Split-train", ranking_samples.SCHEMA + lists
    )
    out = ReferenceMetrics()
    out.uri = str(tmp_path / "out")
    Executor().Do(
        {"examples": [examples], "transform_graph": [graph], "schema": [schema]},
        {"references": [out]},
        {"max_rows": 350, "code_digest": "x"},
    )
    found = json.loads((tmp_path / "out" / "references.json").read_text())
    assert found["rows"]["train"] == {"rows": 300, "of": 900}
    assert found["rows"]["validation"] == {"rows": 300, "of": 300}
    # Every second row of the only file.
    assert found["rows"]["eval"] == {"rows": 200, "of": 400}
    eval_rows = {name: values[::2] for name, values in rows["eval"].items()}
    assert set(found["outputs"]) == {"click", "buy_given_click"}
    click = found["outputs"]["click"]["logistic_regression"]
    # x alone drives the clicks, so ranking by it is the best there is.
    best = roc_auc_score(eval_rows["is_click"], eval_rows["x"], sample_weight=eval_rows["w"])
    assert click["auc"] == pytest.approx(best, abs=0.03)
    assert click["positives"] == eval_rows["is_click"].sum()
    buy = found["outputs"]["buy_given_click"]["user_rate"]
    clicked = eval_rows["is_click"] == 1
    assert buy["positives"] + buy["negatives"] == clicked.sum()

    # The kept scores are those that the metrics are of, by the ids of the rows of each space.
    kept = read_eval_scores(str(tmp_path / "out"))
    for output, inside, target in (
        ("click", np.ones(200, bool), "is_click"),
        ("buy_given_click", clicked, "is_buy"),
    ):
        columns = {name: values[inside] for name, values in eval_rows.items()}
        assert kept[output].row_ids.tolist() == columns["row__id"].tolist()
        for model, scores in kept[output].scores.items():
            metrics = found["outputs"][output][model]
            expected = roc_auc_score(columns[target], scores, sample_weight=columns["w"])
            assert metrics["auc"] == pytest.approx(expected, abs=1e-12)
