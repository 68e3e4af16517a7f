"""The judging of claims, by hand."""

import itertools
import math
import types
from typing import Any

import numpy as np
import pytest

from benchmarks.proof.csii_variants import ranking_auc
from benchmarks.proof.flows import (
    LABELS,
    USEFUL,
    is_known,
    losses_without,
    one_seed_against_the_others,
    precision_and_recall,
)
from benchmarks.proof.no_seesaw import gains
from benchmarks.proof.planted_flows import CAN_CARRY, SEARCHES
from benchmarks.proof.planted_flows import precision_and_recall as planted_precision_and_recall
from benchmarks.proof.search import trainings
from benchmarks.proof.selection import VARIANTS as SELECTION
from benchmarks.proof.settings import COMPARED, MODELS, TRAINING
from benchmarks.proof.soft_metrics import QUANTITIES, bayes_aucs, soft_aucs, unclicked_calibration
from benchmarks.proof.worlds import CLAIM_SEEDS, TRUTH_SEEDS, TUNING_SEEDS, WORLDS, log_config
from data.synthetic.columns import contract
from models.config import TrainingConfig
from models.registry import parse_model_config
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS


def test_no_seed_has_two_uses() -> None:
    seeds = (*CLAIM_SEEDS, *TRUTH_SEEDS, *TUNING_SEEDS)
    assert len(set(seeds)) == len(seeds)
    assert len(CLAIM_SEEDS) >= 5


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_can_be_drawn(world: str) -> None:
    config = log_config(world, 11, 700)
    assert (config.seed, config.world.seed, config.rows, config.days) == (11, 11, 800, 8)


@pytest.mark.parametrize("name", ["csii", "mmoe"])
def test_a_pooled_model_differs_in_how_hard_it_is_pooled_alone(name: str) -> None:
    plain, pooled = (
        parse_model_config(MODELS[label]).model_dump() for label in (name, f"{name}, pooled")
    )
    differences = {key: (plain[key], pooled[key]) for key in plain if plain[key] != pooled[key]}
    assert differences == {"deviation_l2": (1e-5, 1e-3)}


def test_every_variant_of_a_claim_is_a_models_config() -> None:
    searched = [
        one.model
        for pooling in (False, True)
        for ones in trainings(COMPARED, pooling).values()
        for one in ones
    ]
    selection = [{**MODELS[name], **changed} for name, changed in SELECTION.values()]
    for values in (*MODELS.values(), *searched, *selection):
        assert parse_model_config(values).name == values["name"]


def test_autoifs_searches_through_its_temperatures_and_retrains() -> None:
    training = TrainingConfig(**TRAINING)
    for changed in ({}, *SEARCHES.values()):
        config = parse_model_config({**MODELS["autoifs"], **changed})
        assert config.least_epochs <= training.max_epochs
        assert config.search_epochs == 4
    published = {**MODELS["autoifs"], **SEARCHES["published"]}
    assert published["gate_learning_rate"] == pytest.approx(training.learning_rate / 100)
    assert (published["fusion"], published["selection_start"]) == ("subtractive", "random")


def test_no_gate_of_aem2tl_chooses_between_one_expert() -> None:
    config = parse_model_config(MODELS["aem2tl"])
    assert min(config.shared_experts, config.scenario_experts) > 1
    assert min(config.task_shared_experts, config.task_experts) > 1
    for histories in (False, True):
        column = contract(histories).column("scenario")
        assert column.tags.prior_role == "scenario"


def test_the_search_for_pooling_asks_every_model_the_same_on_all_tuning_worlds() -> None:
    for label, ones in trainings(["mmoe", "csii"], pooling=True).items():
        assert {one.model["name"] for one in ones} == {label}
        asked = {(one.model["deviation_l2"], one.seed) for one in ones}
        assert asked == set(itertools.product((1e-5, 1e-4, 1e-3), (901, 902)))
        assert len({one.label for one in ones}) == 3


def test_the_first_search_stays_on_one_world() -> None:
    tried = trainings(COMPARED)
    # Two dropouts for each of eleven, and pooling where there is something to pool.
    assert sum(len(ones) for ones in tried.values()) == 2 * 11 + 4
    assert {one.seed for ones in tried.values() for one in ones} == {901}


def test_an_auc_a_scenario_against_true_probabilities() -> None:
    truth = {column: np.array([0.2, 0.6, 0.5, 0.5]) for _, column in QUANTITIES.values()}
    scores = {output: np.array([0.9, 0.1, 0.3, 0.4]) for output, _ in QUANTITIES.values()}
    scenario = np.array([1, 1, 0, 0])
    found = soft_aucs(scores, truth, scenario, 2)
    # Scenario 1: the pairs (0, 1) and (1, 0) weigh .2 x .4 and .6 x .8; the first is in order.
    for values in found.values():
        np.testing.assert_allclose(values, [0.5, 0.08 / 0.56])
    for values in bayes_aucs(truth, scenario, 2).values():
        np.testing.assert_allclose(values, [0.5, 0.48 / 0.56])


def test_calibration_weighs_rows_by_not_being_clicked() -> None:
    truth = {"true_ctr": np.array([0.9, 0.1]), "true_cvr": np.array([0.5, 0.2])}
    scores = {"conversion_given_click": np.array([0.9, 0.4], np.float32)}
    wanted = (0.1 * 0.9 + 0.9 * 0.4) / (0.1 * 0.5 + 0.9 * 0.2)
    assert unclicked_calibration(scores, truth) == pytest.approx(wanted, rel=1e-6)


def judged(label: str, seed: int, aucs: np.ndarray) -> Any:
    wanted = types.SimpleNamespace(label=label, seed=seed)
    columns = dict(zip(LABELS.values(), aucs.T, strict=True))
    return types.SimpleNamespace(wanted=wanted, aucs=columns)


def test_a_flow_is_useful_where_the_mean_loss_without_it_is_large() -> None:
    whole = np.full((2, 3), 0.8)
    trials = []
    for seed, noise in ((1, 0.001), (2, -0.001)):
        trials.append(judged("all kept", seed, whole))
        for flow, name in enumerate(FLOWS):
            without = whole + noise
            if flow == 2:
                without[1, 0] -= 0.003
                without[0, 2] -= 0.0015
            trials.append(judged(f"without {name}", seed, without))
    losses = losses_without(trials)
    assert losses.shape == (2, 2, 3, 4)
    useful = losses.mean(axis=0) > USEFUL
    assert np.argwhere(useful).tolist() == [[1, 0, 2]]
    # Standard error .001: a mean of 0 or .003 is one or two away from .002, and .0015 less.
    assert not is_known(losses).any()
    assert is_known(losses * 3)[1, 0, 2]


def test_one_seeds_truth_is_judged_by_the_others() -> None:
    losses = np.zeros((3, 1, 1, 4))
    losses[:, 0, 0] = [[9, 9, 0, 0], [9, 0, 0, 0], [9, 9, 9, 0]]
    # Of the others' means the first two are useful, the first three, and the first two.
    wanted = [((1 + 1 + 2 / 3) / 3), ((2 / 3 + 1 / 3 + 1) / 3)]
    assert one_seed_against_the_others(losses) == pytest.approx(wanted)


def test_precision_and_recall_of_a_mask() -> None:
    kept = np.array([True, True, True, False])
    useful = np.array([True, False, False, True])
    assert precision_and_recall(kept, useful) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    nothing = np.zeros(4, bool)
    assert all(math.isnan(share) for share in precision_and_recall(nothing, nothing))


def test_a_mask_is_judged_by_what_a_world_lets_flow() -> None:
    assert {flow for flows in CAN_CARRY.values() for flow in flows} <= set(FLOWS)
    kept = np.zeros((2, 3, 4), bool)
    kept[0, 0] = [True, True, False, False]
    kept[0, 1] = [True, False, False, False]
    kept[0, 2] = [False, False, True, False]
    kept[1, 0] = [False, False, False, True]
    # Only shared flows, the first and the third, and none of `action`, the second label: two of
    # the five that are kept, and two of four cells.
    found = planted_precision_and_recall(kept, "no_scenario_effects")
    assert found == (pytest.approx(2 / 5), pytest.approx(2 / 4))
    nothing = planted_precision_and_recall(np.zeros((1, 3, 4), bool), "no_task_effects")
    assert math.isnan(nothing[0]) and nothing[1] == 0


def test_scores_rank_what_transfers() -> None:
    fields = ["user_t", "item_g", "user_s", "context_n", "item_x", "hour"]
    values = np.zeros((3, 3, len(fields)))
    values[...] = [0.9, 0.5, 0.4, 0.3, 0.6, 1.0]
    # To itself everything transfers: not asked. G between groups is not asked either.
    values[np.eye(3, dtype=bool)] = 1
    values[0, 2, 1] = values[2, 0, 1] = values[1, 2, 1] = values[2, 1, 1] = 0
    document = {"axes": [{"name": "field", "entries": fields}], "values": values.tolist()}
    # Six pairs of T above all 18 others, two pairs of G (scenarios 0 and 1) above 12 of 18.
    assert ranking_auc(document, (0, 0, 1)) == pytest.approx((6 * 18 + 2 * 12) / (8 * 18))


def test_a_model_is_held_against_the_better_of_shared_and_alone() -> None:
    shared = np.array([[0.7, 0.6], [0.9, 0.6]])
    alone = np.array([[0.8, 0.5], [0.7, 0.6]])
    model = np.array([[0.75, 0.65], [0.9, 0.6]])
    # Means .8 against .75, and .6 against .55: the shared one in both scenarios.
    np.testing.assert_allclose(gains(model, shared, alone), [[0.05, 0.05], [0, 0]])
