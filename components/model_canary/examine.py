"""All requests that a served candidate must answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from common.names import PREDICT
from components.model_canary.compare import compare
from components.model_canary.config import CanaryConfig
from components.model_canary.latency import compare_latency
from components.model_canary.recorded import Recorded
from components.model_canary.replay import replay
from components.model_canary.signatures import signature_problems
from schemas.contract import Contract
from serving.client import Client
from serving.errors import ServingError


def examine(
    contract: Contract,
    client: Client,
    live: Client | ServingError | None,
    recorded: Recorded,
    tolerance: float,
    config: CanaryConfig,
) -> tuple[dict[str, Any], list[str]]:
    """Checks the signatures, replays the rows through those that are as wanted, times requests.

    Args:
      contract: the data contract.
      client: of the candidate's server.
      live: of the live version's; why it can't be served; or None where there is none.
      recorded: the rows.
      tolerance: largest difference from the trainer's scores.
      config: the budgets.

    Returns:
      What was found, as plain values, and the reasons to refuse, one sentence each.

    Raises:
      ServingError: the candidate's server refuses a request.
    """
    problems = signature_problems(contract, client.metadata())
    reasons = [problem for of_signature in problems.values() for problem in of_signature]
    found: dict[str, Any] = {}
    for signature in (name for name, of_signature in problems.items() if not of_signature):
        scores = replay(client, signature, recorded, config.batch_rows)
        comparison = compare(signature, recorded.scores, scores, tolerance)
        reasons += comparison.problems
        largest = comparison.largest_difference
        finite = largest is not None and np.isfinite(largest)
        found[signature] = {"largest_difference": largest if finite else None}
    if not problems[PREDICT]:
        found["latency"], slow = compare_latency(client, live, recorded.columns, config)
        reasons += slow
    return found, reasons
