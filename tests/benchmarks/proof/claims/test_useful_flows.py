"""Which flows are useful, by hand."""

import math
import types
from typing import Any

import numpy as np
import pytest

from benchmarks.proof.claims.flows import (
    LABELS,
    USEFUL,
    is_known,
    losses_without,
    one_seed_against_the_others,
    precision_and_recall,
)
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS


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
