"""What a model's scores are worth where the true probabilities are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.synthetic.soft_auc import soft_auc

QUANTITIES = {
    "click": ("click", "true_ctr"),
    "click_and_conversion": ("click_and_conversion", "true_ctcvr"),
    "conversion": ("conversion", "true_xcvr"),
    # In the entire space: were every impression clicked.
    "action_given_click": ("action_given_click", "true_atr"),
    "conversion_given_click": ("conversion_given_click", "true_cvr"),
}
"""Quantity -> (the output that predicts it, its true probability's column)."""


def soft_aucs(
    scores: Mapping[str, np.ndarray],
    truth: Mapping[str, np.ndarray],
    scenario: np.ndarray,
    scenarios: int,
) -> dict[str, np.ndarray]:
    """Returns the noise-free AUC of every quantity in every scenario, float64 [K].

    Args:
      scores: output -> [N].
      truth: true probability's column -> [N].
      scenario: int [N].
      scenarios: K.
    """
    rows = [np.flatnonzero(scenario == k) for k in range(scenarios)]
    return {
        quantity: np.array([soft_auc(scores[output][r], truth[column][r]) for r in rows])
        for quantity, (output, column) in QUANTITIES.items()
    }


def bayes_aucs(
    truth: Mapping[str, np.ndarray], scenario: np.ndarray, scenarios: int
) -> dict[str, np.ndarray]:
    """Returns the largest noise-free AUC that any score can have, [K]."""
    best = {output: truth[column] for output, column in QUANTITIES.values()}
    return soft_aucs(best, truth, scenario, scenarios)


def unclicked_calibration(
    scores: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]
) -> float:
    """Predicted over true mean of P(conversion | click) on rows that are not clicked.

    Rows weigh their true probability of no click, so that the label's noise is out of it.
    """
    unclicked = 1 - truth["true_ctr"]
    predicted = unclicked @ scores["conversion_given_click"].astype(np.float64)
    return float(predicted / (unclicked @ truth["true_cvr"]))
