"""Static gates: what is fixed, and what is gone from the graph."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, taken, task_graph, tensors, weight

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker
from models.schedule import Phase
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS

CONFIG = {
    "name": "autoifs",
    "embedding_dim": 4,
    "bottom_units": (8, 6),
    "scenario_units": (5,),
    "selection_units": (7,),
    "export_gates": "static",
    # The majority decides on every flow.
    "static_agreement": 0.5,
}
PRODUCTS = {"MatMul", "BatchMatMulV2", "Einsum"}


def made(**options: Any) -> tuple[Ranker, dict[str, np.ndarray]]:
    """A ranker in retraining whose gates differ by row."""
    ranker = make_ranker({**CONFIG, **options})
    randomise(ranker)
    ranker.architecture.finish_phase("search", ranker.embeddings)
    ranker.start_phase(Phase("retrain", 1))
    return ranker, batch(200, ranker.layout, task_graph(2))


def exported(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, Any]:
    halves = (tensors(taken(rows, part)) for part in (slice(0, 120), slice(120, None)))
    return ranker.prepare_export(halves)


def traced(ranker: Ranker, rows: dict[str, np.ndarray]) -> tuple[int, set[str]]:
    """Number of products in the scoring graph, and the architecture's variables it reads."""
    score = tf.function(lambda batch: ranker(batch, training=False), autograph=False)
    concrete = score.get_concrete_function(tensors(rows))
    products = [op for op in concrete.graph.get_operations() if op.type in PRODUCTS]
    names = {v.name.split(":")[0] for v in concrete.variables}
    return len(products), {n.split("autoifs/")[1] for n in names if "autoifs/" in n}


def removing(ranker: Ranker, flows: list[int]) -> None:
    """Has the selection network remove these flows of every row, and keep the others."""
    bias = np.full((2, 4), -1000.0)
    bias[:, flows] = 1000
    weight(ranker, "heads/bias").assign(bias.reshape(-1))


@pytest.mark.parametrize("fusion", ["additive", "subtractive"])
@pytest.mark.parametrize("task_units", [(), (4,)])
def test_rows_whose_gates_are_the_rule_keep_their_scores(
    fusion: str, task_units: tuple[int, ...]
) -> None:
    ranker, rows = made(fusion=fusion, task_units=task_units)
    gates = ranker.architecture.gates(ranker.features(tensors(rows))).numpy()
    before = {name: x.numpy() for name, x in ranker(tensors(rows)).items()}
    facts = exported(ranker, rows)
    after = {name: x.numpy() for name, x in ranker(tensors(rows)).items()}

    kept = np.zeros((3, 2, 4), bool)
    agreement = np.zeros((3, 2, 4))
    for k in range(3):
        own = gates[rows[SCENARIO_KEY] == k]
        kept[k] = own.mean(0) <= 0.5
        agreement[k] = (own == ~kept[k]).mean(0)
    assert 0 < kept.mean() < 1
    assert facts["gates"] == "static"
    assert facts["static_agreement"] == 0.5
    for k, scenario in enumerate(ranker.layout.scenarios):
        assert facts["rows"][scenario] == (rows[SCENARIO_KEY] == k).sum()
        for c, label in enumerate(("click", "action_given_click")):
            assert facts["kept"][scenario][label] == dict(zip(FLOWS, kept[k, c], strict=True))
            found = [facts["agreement"][scenario][label][flow] for flow in FLOWS]
            np.testing.assert_allclose(found, agreement[k, c])
            fates = [facts["exported"][scenario][label][flow] for flow in FLOWS]
            assert fates == ["kept" if x else "removed" for x in kept[k, c]]

    same = (gates == ~kept[rows[SCENARIO_KEY]]).all(axis=(1, 2))
    assert 5 < same.sum() < 195
    for name, scores in before.items():
        np.testing.assert_allclose(after[name][same], scores[same], atol=1e-5)
    assert np.abs(after["click"] - before["click"])[~same].max() > 1e-3


def test_nothing_of_a_removed_flow_is_in_the_graph() -> None:
    # Field projection, wide numbers; bottom 2; scenario: shared, and 3 of the low-rank part;
    # task: a product for a shared flow, 2 for a specific one; selection with its projection: 3.
    whole = 2 + 2 + (1 + 3) + (1 + 2 + 2 + 1) + 3
    ranker, rows = made()
    products, variables = traced(ranker, rows)
    assert products == whole
    assert any("selection" in name for name in variables)
    assert any("frozen" in name for name in variables)
    for removed, rest in (
        ([], whole - 3),
        ([0], whole - 3 - 1),
        ([1, 2], whole - 3 - 4),
        ([1, 3], whole - 3 - (3 + 2 + 1)),
        ([0, 1, 2, 3], 2),
    ):
        removing(ranker, removed)
        exported(ranker, rows)
        products, variables = traced(ranker, rows)
        assert products == rest, removed
        assert not any("selection" in name or "frozen" in name for name in variables)
        assert any("scenario_private" in name for name in variables) == (not {1, 3} <= set(removed))
        assert any("task_private_0" in name for name in variables) == (not {1, 2} <= set(removed))
        assert "temperature" not in variables


def test_subtractive_computes_only_what_it_subtracts() -> None:
    ranker, rows = made(fusion="subtractive")
    full = 2 + 2 + (1 + 3) + (1 + 2)
    for removed, subtracted in (([], 0), ([1], 2), ([0, 1, 2, 3], 6)):
        removing(ranker, removed)
        exported(ranker, rows)
        assert traced(ranker, rows)[0] == full + subtracted


def test_a_scenario_without_rows_keeps_all() -> None:
    ranker, rows = made()
    removing(ranker, [0, 1, 2, 3])
    facts = exported(ranker, taken(rows, rows[SCENARIO_KEY] != 1))
    assert facts["rows"]["s1"] == 0
    for label in ("click", "action_given_click"):
        assert all(facts["kept"]["s1"][label].values())
        assert set(facts["agreement"]["s1"][label].values()) == {None}
        assert not any(facts["kept"]["s0"][label].values())
    offset = tf.sigmoid(ranker.features(tensors(rows)).offset[:, 0])
    bare = ranker(tensors(rows))["click"] == offset
    np.testing.assert_array_equal(bare, rows[SCENARIO_KEY] != 1)


@pytest.mark.parametrize("fusion", ["additive", "subtractive"])
def test_where_rows_differ_gates_stay_their_own(fusion: str) -> None:
    ranker, rows = made(fusion=fusion, static_agreement=0.99)
    architecture = ranker.architecture
    gates = architecture.gates(ranker.features(tensors(rows))).numpy()
    scenario = rows[SCENARIO_KEY]
    # Of scenario 0, validation has the rows that remove the first flow of the first label.
    picked = (scenario != 0) | (gates[:, 0, 0] == 1)
    static, kept = np.zeros((2, 3, 2, 4), bool)
    for k in range(3):
        mean = gates[picked & (scenario == k)].mean(0)
        kept[k] = mean <= 0.5
        static[k] = np.maximum(mean, 1 - mean) >= 0.99
    assert static[0, 0, 0] and 0 < static.mean() < 1

    facts = exported(ranker, taken(rows, picked))
    assert facts["gates"] == "mixed"
    fates = np.where(static, np.where(kept, "kept", "removed"), "dynamic")
    for k, name in enumerate(ranker.layout.scenarios):
        for c, label in enumerate(("click", "action_given_click")):
            assert facts["exported"][name][label] == dict(zip(FLOWS, fates[k, c], strict=True))
    explained = ranker.explain(tensors(rows))["exported"]
    np.testing.assert_array_equal(explained.values, np.where(static, kept, np.nan))
    assert [axis.name for axis in explained.axes] == ["scenario", "label", "flow"]

    found = {name: x.numpy() for name, x in ranker(tensors(rows)).items()}
    wanted = np.where(static[scenario], ~kept[scenario], gates).astype(np.float32)
    assert (wanted != gates).any()
    architecture._static = None
    architecture.gates = lambda features: tf.constant(wanted)
    for name, scores in ranker(tensors(rows)).items():
        np.testing.assert_allclose(found[name], scores, atol=1e-6)


def test_what_all_agree_on_is_gone_and_what_they_do_not_is_left() -> None:
    ranker, rows = made(static_agreement=0.99)
    whole, _ = traced(ranker, rows)
    bias = weight(ranker, "heads/bias").numpy().reshape(2, 4)
    # A flow's two products with the labels' own kernels, of one flow and of both.
    for removed, gone in (([1], 2), ([1, 2], 4)):
        bias[:, removed] = 1000
        weight(ranker, "heads/bias").assign(bias.reshape(-1))
        before = {name: x.numpy() for name, x in ranker(tensors(rows)).items()}
        assert exported(ranker, rows)["gates"] == "mixed"
        products, variables = traced(ranker, rows)
        assert products == whole - gone
        assert any("selection" in name for name in variables)
        assert any("frozen" in name for name in variables)
        assert any("task_private_0" in name for name in variables) == (removed == [1])
        # All rows that were exported with agree: none has another score.
        for name, scores in ranker(tensors(rows)).items():
            np.testing.assert_allclose(scores, before[name], atol=1e-6)


def test_rows_that_agree_on_nothing_leave_the_graph_as_it_is() -> None:
    ranker, rows = made(static_agreement=1.0)
    # One row of either gate in every scenario.
    scores = 1.0 - 2.0 * (np.arange(200) // 3 % 2)
    ranker.architecture.scores = lambda features: tf.tile(
        tf.constant(scores[: features.fields.shape[0]], tf.float32)[:, None, None], [1, 2, 4]
    )
    before = traced(ranker, rows)
    assert exported(ranker, rows)["gates"] == "dynamic"
    assert traced(ranker, rows)[0] == before[0]


def test_dynamic_gates_stay_as_they_are() -> None:
    ranker, rows = made(export_gates="dynamic")
    before = traced(ranker, rows)
    assert exported(ranker, rows) == {}
    assert traced(ranker, rows) == before
