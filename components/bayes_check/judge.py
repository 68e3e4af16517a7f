"""A model's AUC against that of the true probabilities on the same rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.leak_alarm.config import LeaksConfig
from models.metrics.binary import weighted_auc
from models.metrics.difference import Difference
from models.metrics.names import AUC
from models.metrics.paired import auc_difference


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One output on one slice.

    Attributes:
      output: the output's name.
      scenario: the scenario's name, or OVERALL.
      auc: the model's.
      bayes_auc: that of the true probabilities: no ranking has a better expectation.
      difference: the model's less the other, with DeLong's paired standard error.
    """

    output: str
    scenario: str
    auc: float
    bayes_auc: float
    difference: Difference

    def too_good(self, standard_errors: float) -> bool:
        """Whether the model is above by more than so many standard errors."""
        return self.difference.value > standard_errors * self.difference.error

    def as_json(self) -> dict[str, Any]:
        """Returns plain values."""
        return {
            "output": self.output,
            "scenario": self.scenario,
            AUC: self.auc,
            "bayes_auc": self.bayes_auc,
            "standard_error": self.difference.error,
        }


def compare(
    output: str,
    scenario: str,
    target: np.ndarray,
    score: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray,
    config: LeaksConfig,
) -> Comparison | None:
    """Compares the two rankings of the rows with weight above 0.

    Args:
      output: names the comparison.
      scenario: same, for the scenario.
      target: 0 or 1, [N].
      score: the model's, [N].
      truth: the true probabilities, [N].
      weight: 0 outside the output's space, [N].
      config: how many rows of each class are needed.

    Returns:
      None where these are too few, or a score is not finite (which PromotionGate refuses).
    """
    inside = weight > 0
    t, s, p, w = (values[inside].astype(np.float64) for values in (target, score, truth, weight))
    positives = int(t.sum())
    if not (config.enough(positives, len(t) - positives) and np.isfinite(s).all()):
        return None
    areas = weighted_auc(t, s, w), weighted_auc(t, p, w)
    return Comparison(output, scenario, *areas, auc_difference(t, s, p, w))


def refusal(found: Sequence[Comparison], limit: float) -> str:
    """The text of the error.

    Args:
      found: those that are too good; not empty.
      limit: in standard errors.
    """
    lines = [
        "the model ranks the eval rows better than the probabilities that they were drawn from, "
        "so it has seen what it must not:"
    ]
    lines += [
        f"  {x.output}/{x.scenario}: AUC {x.auc:.4f}, of the true probabilities {x.bayes_auc:.4f}: "
        f"{x.difference.value:+.4f}, more than {limit:g} standard errors ({x.difference.error:.4f})"
        for x in found
    ]
    lines.append(
        "Look for a feature that is made after the impression, or from later rows (leaks.json of "
        "LeakAlarm ranks them), and for eval rows among the train rows."
    )
    return "\n".join(lines)
