"""Masks of AutoIFS's flows, and what they are compared by."""

import types
from typing import Any

import numpy as np
import pytest

from benchmarks.proof.claims.masks import (
    ALL_KEPT,
    ITS_MASK,
    RANDOM_MASK,
    kept_flows,
    page,
    share_kept,
    shuffled,
    train_masks,
)
from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.trainings.trials import Wanted
from benchmarks.proof.worlds.kinds import MINOR
from models.registry import parse_model_config
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS

SCENARIOS, LABELS = [f"s{k}" for k in range(7)], ("click", "action", "conversion")
KEPT = np.random.default_rng(3).random((7, 3, 4)) < 0.7


def judged(wanted: Wanted, auc: float) -> Any:
    document = {
        scenario: {
            label: dict(zip(FLOWS, flows, strict=True))
            for label, flows in zip(LABELS, block, strict=True)
        }
        for scenario, block in zip(SCENARIOS, KEPT.tolist(), strict=True)
    }
    result = types.SimpleNamespace(prepared={"kept": document}, network_parameters=5)
    aucs = {name: np.full(7, auc) for name in ("click", "click_and_conversion")}
    return types.SimpleNamespace(
        wanted=wanted, result=result, aucs=aucs, regret=lambda name: 0.9 - aucs[name]
    )


def searches() -> list[Any]:
    model = {**MODELS["autoifs"], "export_gates": "static"}
    return [judged(Wanted("autoifs", "default", s, model, TRAINING), 0.7) for s in (11, 12)]


def test_a_random_mask_keeps_as_many_flows_and_depends_on_the_seed() -> None:
    first = shuffled(KEPT, 1)
    assert first.shape == KEPT.shape and first.sum() == KEPT.sum()
    assert (first != KEPT).any() and (first != shuffled(KEPT, 2)).any()
    np.testing.assert_array_equal(first, shuffled(KEPT, 1))


def test_a_search_is_compared_by_three_masks_of_its_world() -> None:
    wanted: list[Wanted] = []
    assert train_masks(searches(), lambda ones: wanted.extend(ones) or []) == []
    assert [one.label for one in wanted] == 2 * [ITS_MASK, RANDOM_MASK, ALL_KEPT]
    assert [one.seed for one in wanted] == 3 * [11] + 3 * [12]
    for one in wanted:
        assert (one.world, one.training) == ("default", TRAINING)
        assert parse_model_config(one.model).least_epochs == 1
    masks = [np.array(one.model["fixed_flows"]) for one in wanted]
    np.testing.assert_array_equal(masks[0], KEPT)
    np.testing.assert_array_equal(masks[3], KEPT)
    assert masks[1].sum() == KEPT.sum() and (masks[1] != masks[4]).any()
    assert masks[2].all()


def test_the_table_has_searches_and_masks() -> None:
    found = searches()
    np.testing.assert_array_equal(kept_flows(found[0]), KEPT)

    def run(wanted: list[Wanted]) -> list[Any]:
        aucs = {ITS_MASK: 0.75, RANDOM_MASK: 0.65, ALL_KEPT: 0.8}
        extra = {ITS_MASK: 1 / 1000}
        return [judged(one, aucs[one.label] + one.seed * extra.get(one.label, 0)) for one in wanted]

    fixed = train_masks(found, run)
    assert share_kept(fixed[0]) == pytest.approx(KEPT.mean()) == share_kept(found[0])
    assert share_kept(fixed[2]) == 1
    text = page(found, fixed)
    rows = [line for line in text.splitlines() if line.startswith(f"| {ITS_MASK} ")]
    assert len(MINOR) == 2 and len(rows) == 3
    assert ".7615" in rows[0] and "+0.1115" in rows[1] and "-0.0385" in rows[2]
