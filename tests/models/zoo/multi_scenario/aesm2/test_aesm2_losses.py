"""The auxiliary losses of AESM2."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from aesm2_formula import ByHand, Chosen
from made_aesm2 import made
from made_batches import step_gradients, task_graph, tensors

from models.features.inputs import weight_key

KINDS, PARTS = ("scenario", "task"), ("specific", "shared")


def row_weights(rows: dict[str, np.ndarray]) -> np.ndarray:
    """A row weighs what it weighs in the entire space."""
    return rows[weight_key("click")].astype(np.float64)


@pytest.mark.parametrize("levels", [1, 2])
def test_they_are_the_means_of_the_selected_experts_divergences(levels: int) -> None:
    ranker, rows = made(
        specific_weight=0.3, shared_weight=0.7, scenario_levels=levels, task_levels=levels
    )
    found = ranker.train_step(tensors(rows))
    fresh, _ = made(scenario_levels=levels, task_levels=levels)
    hand = ByHand(fresh, rows, (1, 2)).rows()

    def summed(chosen: list[Chosen], part: str) -> float:
        assert len(chosen) == levels
        return sum(getattr(level, f"{part}_divergence") for level in chosen)

    for part, factor in zip(PARTS, (0.3, 0.7), strict=True):
        of_scenario = np.array([summed(row.of_scenario, part) for row in hand])
        of_task = np.array([np.mean([summed(x, part) for x in row.of_labels]) for row in hand])
        for kind, values in zip(KINDS, (of_scenario, of_task), strict=True):
            wanted = factor * np.mean(row_weights(rows) * values)
            assert wanted > 1e-3
            assert float(found[f"{kind}_{part}_loss"]) == pytest.approx(wanted, rel=1e-4)
    terms = ("click", "action_given_click", *(f"{kind}_{part}" for kind in KINDS for part in PARTS))
    total = sum(float(found[f"{name}_loss"]) for name in terms) + float(found["penalty"])
    assert float(found["loss"]) == pytest.approx(total, rel=1e-5)
    # A validation has them too, without noise.
    assert float(fresh.test_step(tensors(rows))["task_shared_loss"]) > 0


def gate_gradients(**options: Any) -> dict[str, np.ndarray]:
    ranker, rows = made(**options)
    return {
        v.name.split("aesm2/")[1].removesuffix(":0"): tf.convert_to_tensor(g).numpy()
        for v, g in zip(ranker.trainable_variables, step_gradients(ranker, rows), strict=True)
        if "gates" in v.name
    }


# Where there is one label (scenario), the losses are those of the scenario (task) level alone.
@pytest.mark.parametrize(("kind", "scenarios", "labels"), [("scenario", 3, 1), ("task", 1, 2)])
@pytest.mark.parametrize("part", PARTS)
def test_each_trains_the_gates_of_its_level(
    kind: str, scenarios: int, labels: int, part: str
) -> None:
    sizes = {"scenarios": scenarios, "labels": labels}
    off = {"specific_weight": 0.0, "shared_weight": 0.0}
    without = gate_gradients(**sizes, **off)
    once = gate_gradients(**sizes, **{**off, f"{part}_weight": 1.0})
    twice = gate_gradients(**sizes, **{**off, f"{part}_weight": 2.0})
    name = f"{kind}_level_0/gates/kernel"
    added = once[name] - without[name]
    assert np.abs(added).max() > 1e-3
    # It is that loss's own, and of all gates.
    np.testing.assert_allclose(twice[name] - without[name], 2 * added, rtol=1e-3, atol=1e-6)
    assert np.all(np.any(np.abs(added) > 1e-5, axis=(1, 2)))


def test_losses_of_weight_zero_and_of_no_experts_are_not_there() -> None:
    for options, wanted in (
        ({"specific_weight": 0.0}, {"scenario_shared", "task_shared"}),
        ({"top_shared": 0}, {"scenario_specific", "task_specific"}),
        ({"specific_weight": 0.0, "shared_weight": 0.0}, set()),
    ):
        ranker, rows = made(**options)
        found = ranker.train_step(tensors(rows))
        names = {name.removesuffix("_loss") for name in found if name.startswith(KINDS)}
        assert names == wanted


def test_a_row_without_a_known_label_has_none() -> None:
    ranker, rows = made()
    outputs = [output.name for output in task_graph(2).outputs]
    unknown = {weight_key(name): rows[weight_key(name)].copy() for name in outputs}
    for values in unknown.values():
        values[:10] = 0
    found = ranker.test_step(tensors({**rows, **unknown}))
    hand = ByHand(ranker, rows, (1, 2)).rows()
    divergences = np.array([row.of_scenario[0].specific_divergence for row in hand])
    wanted = 0.01 * np.sum((row_weights(rows) * divergences)[10:]) / len(hand)
    assert float(found["scenario_specific_loss"]) == pytest.approx(wanted, rel=1e-4)
