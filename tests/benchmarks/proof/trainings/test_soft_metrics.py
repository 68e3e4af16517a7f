"""Scores against true probabilities, by hand."""

import numpy as np
import pytest

from benchmarks.proof.trainings.soft_metrics import (
    QUANTITIES,
    bayes_aucs,
    soft_aucs,
    unclicked_calibration,
)


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
