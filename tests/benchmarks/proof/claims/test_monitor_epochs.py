"""Which epoch a monitor keeps, and what it is worth."""

import math
import operator

import numpy as np
import pytest

from benchmarks.proof.claims.epoch_scores import EpochScores
from benchmarks.proof.claims.monitor_epochs import BEFORE, LABELS, RULES, kept_epoch, table, worth
from models.config import TrainingConfig


@pytest.mark.parametrize(
    ("values", "patience", "kept"),
    [
        ([0.6, 0.7, 0.7, 0.9], 1, 1),
        ([0.6, 0.7, 0.7, 0.9], 2, 3),
        ([0.6, 0.5, 0.5, 0.9], 2, 0),
        ([0.6, 0.5, 0.7, 0.6, 0.5, 0.9], 2, 2),
        ([0.1, 0.2, 0.3], 2, 2),
        ([0.1], 1, 0),
    ],
)
def test_kept_epoch(values: list[float], patience: int, kept: int) -> None:
    assert kept_epoch(values, operator.gt, patience) == kept
    assert kept_epoch([-value for value in values], operator.lt, patience) == kept


def test_worth_is_the_mean_over_labels_and_scenarios() -> None:
    aucs = {label: np.array([[0.5, 0.7], [0.6, 0.9]]) + n / 10 for n, label in enumerate(LABELS)}
    found = EpochScores({}, {**aucs, "conversion": np.zeros((2, 2))})
    assert worth(found) == pytest.approx([0.7, 0.85])


def test_the_table_compares_pairs() -> None:
    values = {rule: {0: 0.7 + n / 100, 1: 0.8 + n / 50} for n, rule in enumerate(RULES)}
    lines = table(values, {rule: [2, 3] for rule in RULES}).splitlines()
    assert len(lines) == 2 + len(RULES)
    # Differences .03 and .06, and .02 and .04: t is 12.706 with one degree of freedom.
    assert "+0.0450 ± 0.1906" in lines[-1] and "+0.0300 ± 0.1271" in lines[-1]
    assert lines[-1].endswith("| 2.5 |")


def test_the_last_rule_is_the_default() -> None:
    training = TrainingConfig()
    assert (RULES[-1].monitor, RULES[-1].patience) == (training.monitor, training.patience)
    assert BEFORE in RULES and not math.isnan(BEFORE.patience)
