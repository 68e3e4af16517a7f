"""The verdict's arithmetic, by hand."""

import argparse
import dataclasses
import math
import time

import numpy as np
import pytest

from benchmarks.proof.claims import masks
from benchmarks.proof.models.settings import COMPARED, TRAINING
from benchmarks.proof.trainings.soft_metrics import QUANTITIES
from benchmarks.proof.trainings.trials import Judged, Wanted
from benchmarks.proof.verdict import tables, targets
from benchmarks.proof.verdict.__main__ import finished_of
from benchmarks.proof.verdict.tables import (
    TABLES,
    train_donors,
    train_flows,
    train_main,
    train_unclicked,
)
from benchmarks.proof.worlds.kinds import WORLDS
from models.config import TrainingConfig
from models.metrics.significance import Interval
from models.registry import parse_model_config
from models.trials.result import TrialResult

T_QUANTILE = 4.302652729911275
"""Student's, of 97.5 % with two degrees of freedom."""


def result_of(wanted, kept=None):
    prepared = {} if kept is None else {"kept": kept}
    return TrialResult(
        model=wanted.model["name"],
        seed=wanted.seed,
        fingerprint="",
        parameters=10,
        network_parameters=7,
        seconds=1.0,
        examples=1,
        epochs=1,
        best_epoch=0,
        monitor=0.5,
        latency_ms=1.0,
        prepared=prepared,
        metrics={},
    )


def judged(wanted, regret=0.1, kept=None):
    """A training whose AUCs are .9 - regret in all seven scenarios."""
    best = {quantity: np.full(7, 0.9) for quantity in QUANTITIES}
    aucs = {quantity: values - regret for quantity, values in best.items()}
    return Judged(wanted, result_of(wanted, kept), aucs, best, 1.0)


def trained(regrets):
    """Trainings by label -> the regret on seeds 11, 12 and 13."""
    return [
        judged(Wanted(label, "default", 11 + i, {"name": "mmoe"}, TRAINING), regret)
        for label, values in regrets.items()
        for i, regret in enumerate(values)
    ]


def target(word):
    (found,) = [one for one in targets.TARGETS if word in one.text]
    return found


def test_a_difference_is_paired_by_seed():
    ones = trained({"csii": [0.10, 0.21, 0.30], "mmoe, task": [0.12, 0.22, 0.33]})
    found = targets.difference(ones, "mmoe, task", "csii", targets.MINOR)
    # .02, .01 and .03: their standard deviation is .01.
    assert found.mean == pytest.approx(0.02)
    assert found.half == pytest.approx(T_QUANTILE * 0.01 / math.sqrt(3))


def test_an_interval_with_zero_in_it_is_no_gain():
    assert targets.above_zero(Interval(0.02, 0.019, 3))
    assert not targets.above_zero(Interval(0.02, 0.021, 3))
    assert not targets.above_zero(Interval(0.02, math.nan, 1))


@pytest.mark.parametrize(
    ("csii", "gain", "close"),
    [
        ([0.100, 0.200, 0.300], "reached", "reached"),
        # The mean gain is .0024, and one world alone says so.
        ([0.110, 0.213, 0.300], "not reached", "reached"),
        ([0.115, 0.215, 0.315], "not reached", "not reached"),
    ],
)
def test_csii_is_compared_with_both_mmoes(csii, gain, close):
    ones = trained(
        {"csii": csii, "mmoe, task": [0.110, 0.210, 0.3101], "mmoe": [0.105, 0.205, 0.305]}
    )
    assert target("published MMoE").row(ones)[1:] == [
        target("published MMoE").row(ones)[1],
        "3",
        gain,
    ]
    assert target("a scenario and task").row(ones)[2:] == ["3", close]


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [([0.3, 0.5, 0.41], "reached"), ([0.3, 0.5, 0.39], "not reached"), ([0.5, 0.5], "not reached")],
)
def test_a_donor_gets_attention(shares, verdict):
    ones = trained({"csii": [0.1] * len(shares), "mmoe": [0.1] * len(shares)})
    for one, share in zip(ones, shares, strict=False):
        values = np.full((7, 7), np.nan)
        values[6, 2] = share
        one.explanation["attention"] = {"values": values.tolist()}
    row = target("donor").row(ones)
    assert row[2:] == [str(len(shares)), verdict]
    assert row[1].startswith(f"{np.mean(shares):.4f}")
    # A model without attention has an empty cell.
    page = TABLES["donors"].page(ones)
    assert "| mmoe |  | 0.1000 ± 0.0000 |" in page


def test_aem2tl_is_judged_by_conversions_in_the_entire_space():
    ones = trained(
        {
            "aem2tl": [0.1, 0.1, 0.1],
            tables.TOTAL_AND_JOINT: [0.12, 0.13, 0.13],
            tables.CLICKED_ONLY: [0.12, 0.13, 0.14],
        }
    )
    published, ours = target("published losses"), target("our losses")
    # AUCs are .8 against .78, .77 and .76, and ours are better on the last world alone.
    assert published.row(ones)[1:] == ["0.0300 ± 0.0248", "3", "reached"]
    assert ours.row(ones)[1:] == ["0.0033 ± 0.0143", "3", "not reached"]
    others = [dataclasses.replace(one, aucs={**one.aucs, "conversion": None}) for one in ones]
    assert published.row(others) == published.row(ones)


def test_aem2tls_rows_differ_in_their_losses_alone():
    asked = []
    train_unclicked(lambda wanted: asked.extend(wanted) or [], (11,))
    models = {one.label: parse_model_config(one.model).model_dump() for one in asked}
    published, ours = models["aem2tl"], models[tables.TOTAL_AND_JOINT]
    assert {key for key in published if published[key] != ours[key]} == {"losses"}
    assert (published["losses"], ours["losses"]) == ("total", "total_and_joint")
    assert [models[x]["entire_space"] for x in models if x.startswith("aem2tl")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("random", "verdict"), [([0.1, 0.2, 0.3], "reached"), ([0.1, 0.2, 0.2], "not reached")]
)
def test_a_searched_mask_is_not_below_random_ones(random, verdict):
    ones = trained({masks.ITS_MASK: [0.1, 0.2, 0.25], masks.RANDOM_MASK: random})
    assert target("AutoIFS").row(ones)[2:] == ["3", verdict]


def test_what_was_not_trained_is_open():
    page = targets.page({name: () for name in TABLES})
    assert page.count("| open |") == len(targets.TARGETS)
    assert {one.table for one in targets.TARGETS} <= set(TABLES)


def test_the_main_table_trains_world_by_world_all_models_with_one_budget():
    asked = []
    train_main(lambda wanted: asked.extend(wanted) or [], (11, 12))
    assert [one.seed for one in asked] == [11] * 11 + [12] * 11
    assert [one.label for one in asked[:11]] == list(COMPARED)
    assert all(one.training == TRAINING for one in asked)


def test_every_table_wants_configs_of_models_on_known_worlds():
    asked = []

    def run(wanted):
        asked.extend(wanted)
        return [judged(one, kept=kept_of(np.ones((7, 3, 4)))) for one in wanted]

    for table in TABLES.values():
        found = table.train(run, (11,))
        assert f"1 of {table.seeds} worlds." in table.page(found)
        for baseline in table.baselines:
            assert f"against {baseline}" in table.page(found)
    assert {one.world for one in asked} <= set(WORLDS)
    for one in asked:
        parse_model_config(one.model)
        TrainingConfig(**one.training)


def kept_of(mask):
    """A mask as a static export says it: scenario -> label -> flow -> whether it is kept."""
    labels = [[dict(enumerate(map(bool, flows))) for flows in rows] for rows in mask]
    return {f"scenario_{k}": dict(enumerate(rows)) for k, rows in enumerate(labels)}


def test_masks_are_trained_from_the_start_where_the_search_has_ended():
    mask = np.random.default_rng(0).random((7, 3, 4)) < 0.4
    calls = []

    def run(wanted):
        calls.append(wanted)
        if len(calls) == 1:
            return [judged(one, kept=kept_of(mask)) for one in wanted]
        # Time was too short for the second world.
        return [judged(one) for one in wanted if one.seed == 11]

    found = train_flows(run, (11, 12))
    searched, fixed = calls
    assert {one.label for one in searched} == {"autoifs"}
    assert all(one.model["export_gates"] == "static" for one in searched)
    fixed_flows = {(one.label, one.seed): np.array(one.model["fixed_flows"]) for one in fixed}
    assert len(fixed_flows) == 6
    for seed in (11, 12):
        np.testing.assert_array_equal(fixed_flows[masks.ITS_MASK, seed], mask)
        assert fixed_flows[masks.ALL_KEPT, seed].all()
        assert fixed_flows[masks.RANDOM_MASK, seed].sum() == mask.sum()
    assert (fixed_flows[masks.RANDOM_MASK, 11] != fixed_flows[masks.RANDOM_MASK, 12]).any()
    assert {(one.wanted.label, one.wanted.seed) for one in found} == {
        (label, 11) for label in ("autoifs", masks.ITS_MASK, masks.RANDOM_MASK, masks.ALL_KEPT)
    }
    kept = TABLES["flows"].values["flows kept"]
    by_label = {one.wanted.label: kept(one) for one in found}
    assert by_label["autoifs"] == by_label[masks.RANDOM_MASK] == mask.mean()
    assert by_label[masks.ALL_KEPT] == 1


def test_donors_count_where_their_control_is_there():
    def run(wanted):
        assert [one.label for one in wanted[:4]] == ["csii", "mmoe, task", "mmoe", tables.CONTROL]
        # Time was too short for the second control.
        return [judged(one) for one in wanted if (one.world, one.seed) != ("no_donor", 12)]

    found = train_donors(run, (11, 12))
    assert {one.wanted.seed for one in found} == {11}
    assert len(found) == 4
    assert f"| {tables.CONTROL} | +" not in TABLES["donors"].page(found)


def test_targets_are_read_without_making_anything(tmp_path):
    given = argparse.Namespace(
        seeds=0,
        skip=0,
        out=tmp_path / "proof",
        # A log of so many rows is in no record.
        rows=7_001,
        jobs=1,
        code=None,
        records="use",
        budget_minutes=None,
        started=time.monotonic(),
    )
    assert all(finished_of(name, given) == [] for name in TABLES)
    assert not given.out.exists()
