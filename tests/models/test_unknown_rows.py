"""Rows whose label is not known yet: out of losses, rates and metrics, and in those of others."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, five_branch_graph, layout, make_ranker, tensors
from sklearn.metrics import log_loss, roc_auc_score
from small_log import SCHEMA, encoded, made_rows, write_split

from models.datasets.in_memory import InMemorySplit, files_of
from models.datasets.streamed import count_and_base_rates
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.features.targets import evaluation_targets
from models.metrics.cells import cell_metrics
from models.metrics.quality import quality
from models.references.table import table_of
from models.training.validation import validation_metrics
from schemas.contract import parse_schema, read_contract

CONTRACT = read_contract(
    parse_schema(
        SCHEMA[: SCHEMA.index('feature { name: "buy"')]
        + 'feature { name: "buy" type: INT annotation { tag: "label:buy given:click above:0" } }'
    )
)
OUTPUTS = ("click", "buy_given_click", "click_and_buy")


def gapped_rows(count: int = 600) -> list[dict[str, Any]]:
    """Rows whose number of purchases is missing in a third of them, clicked or not."""
    random = np.random.default_rng(11)
    rows = made_rows(count)
    for row in rows:
        row["buy"] = row["buy"] * int(random.integers(1, 4)) or -1
        if random.random() < 1 / 3:
            del row["buy"]
    return rows


ROWS = gapped_rows()
CLICK = np.array([row["click"] for row in ROWS])
KNOWN = np.array(["buy" in row for row in ROWS])
BUY = np.array([row.get("buy", -1) > 0 for row in ROWS])
WEIGHT = np.array([row["weight"] for row in ROWS])
INSIDE = {"click": np.ones(len(ROWS), bool), "buy_given_click": KNOWN & (CLICK == 1)}
INSIDE["click_and_buy"] = KNOWN
TARGET = {"click": CLICK == 1, "buy_given_click": BUY, "click_and_buy": BUY}


@pytest.fixture(scope="module")
def held() -> InMemorySplit:
    """The rows' targets and weights, as training holds them."""
    found = evaluation_targets(CONTRACT, tf.constant([encoded(row) for row in ROWS]))
    places = [["home", "search", "cart"].index(row["scenario"]) for row in ROWS]
    return InMemorySplit(
        (SCENARIO_KEY,),
        np.array(places, np.int32)[:, np.newaxis],
        tuple(found),
        np.stack([values.numpy() for values in found.values()], axis=1),
    )


@pytest.fixture(scope="module")
def scores() -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    signal = {name: random.random(len(ROWS)) * 0.6 + 0.3 * TARGET[name] for name in OUTPUTS}
    return {name: values.astype(np.float32) for name, values in signal.items()}


@pytest.mark.parametrize("output", OUTPUTS)
def test_metrics_are_those_of_the_known_rows(held: InMemorySplit, scores: Any, output: str) -> None:
    inside = INSIDE[output]
    y, p, w = TARGET[output][inside], scores[output][inside], WEIGHT[inside]
    auc = roc_auc_score(y, p, sample_weight=w)
    loss = log_loss(y, p.astype(np.float64), sample_weight=w)
    found = validation_metrics(held, scores, [output])[output]
    assert found["auc"] == pytest.approx(auc, abs=1e-9)
    assert found["logloss"] == pytest.approx(loss, rel=1e-6)
    cell = cell_metrics(held, scores, [output], ("home", "search", "cart"))[output]["search"]
    there = inside & np.array([row["scenario"] == "search" for row in ROWS])
    assert cell["auc"] == pytest.approx(
        roc_auc_score(TARGET[output][there], scores[output][there], sample_weight=WEIGHT[there])
    )
    assert (cell["positives"], cell["negatives"]) == (
        TARGET[output][there].sum(),
        (~TARGET[output][there]).sum(),
    )
    evaluated = quality(
        held.column(target_key(output)), scores[output], held.column(weight_key(output))
    )
    assert evaluated.auc == pytest.approx(auc, abs=1e-9)
    assert evaluated.calibration == pytest.approx((w * p).sum() / (w * y).sum(), rel=1e-6)
    assert (evaluated.positives, evaluated.negatives) == (y.sum(), (~y).sum())


def test_base_rates_of_the_known_rows_start_the_model(held: InMemorySplit, tmp_path: Any) -> None:
    write_split(tmp_path / "Split-train", ROWS)
    count, rates = count_and_base_rates(CONTRACT, files_of([f"{tmp_path}/Split-train/*"]))
    assert count == len(ROWS)
    for output in OUTPUTS:
        inside = INSIDE[output]
        expected = np.average(TARGET[output][inside], weights=WEIGHT[inside])
        assert held.base_rate(output) == pytest.approx(expected, rel=1e-6)
        assert rates[output] == pytest.approx(expected, rel=1e-6)


def test_reference_models_see_the_known_rows(held: InMemorySplit) -> None:
    from models.features.inputs import InputLayout

    table = table_of(held, InputLayout((), (), ("home",)), "buy_given_click")
    np.testing.assert_array_equal(table.target, BUY[INSIDE["buy_given_click"]])
    np.testing.assert_array_equal(table.weight, WEIGHT[INSIDE["buy_given_click"]])


@pytest.mark.parametrize("model", ["shared_bottom", "esmm", "aem2tl"])
def test_the_loss_is_that_of_the_known_rows(model: str) -> None:
    tasks = five_branch_graph()
    ranker = make_ranker({"name": model, "embedding_dim": 4}, tasks=tasks)
    rows = batch(40, layout(), tasks)
    random = np.random.default_rng(2)
    unknown = random.random(40) < 0.4
    outputs = [output for output in tasks.outputs if "conversion" in output.target]
    for output in outputs:
        rows[weight_key(output.name)] = np.where(unknown, 0, rows[weight_key(output.name)])
    probabilities = {name: p.numpy() for name, p in ranker(tensors(rows)).items()}
    losses = ranker.test_step(tensors(rows))
    supervised = [o.name for o in outputs if o.name in ranker.supervised_outputs]
    assert supervised
    for name in ranker.supervised_outputs:
        chosen = ~unknown if name in supervised else np.ones(40, bool)
        p, y, w = (
            values[chosen].astype(np.float64)
            for values in (probabilities[name], rows[target_key(name)], rows[weight_key(name)])
        )
        expected = -(w * (y * np.log(p) + (1 - y) * np.log(1 - p))).sum() / 40
        assert losses[f"{name}_loss"].numpy() == pytest.approx(expected, rel=1e-5), name
    # What the unknown rows' targets hold does not matter.
    for output in outputs:
        rows[target_key(output.name)] = np.where(unknown, 1, rows[target_key(output.name)])
    again = ranker.test_step(tensors(rows))
    assert again["loss"].numpy() == pytest.approx(losses["loss"].numpy(), rel=1e-6)
