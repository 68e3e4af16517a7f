"""What the canary asks of the served model."""

from __future__ import annotations

import math
from typing import Annotated

import pydantic

from common.settings import Settings

_Tolerance = Annotated[float, pydantic.Field(gt=0, lt=1)]
_Budget = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]


class CanaryConfig(Settings):
    """The canary's limits.

    Attributes:
      rows: validation rows that the Trainer keeps for the canary, with its scores.
      tolerance_float32: largest difference from the trainer's score, for a float32 model.
      tolerance_mixed: the same, for a model that computes in mixed precision.
      batch_rows: rows a request.
      timeout_seconds: until the server must answer.
      bytes_at_most: largest size of the SavedModel on disk, assets included; None asks nothing.
      latency_requests: timed requests to each model in each round.
      latency_rounds: rounds that are measured and judged at once; as many again where something
        is above its budget and not proved to be.
      latency_rounds_at_most: rounds after which an excess that is not proved is a warning.
      latency_ms_at_most: largest 99th percentile of the candidate's requests, in milliseconds:
        the median over the rounds.
      latency_ratio_at_most: largest ratio of a candidate's request to the live version's: the
        median over the rounds of each round's median.
    """

    rows: Annotated[int, pydantic.Field(ge=1)] = 256
    tolerance_float32: _Tolerance = 1e-6
    tolerance_mixed: _Tolerance = 1e-3
    batch_rows: Annotated[int, pydantic.Field(ge=1)] = 128
    timeout_seconds: Annotated[float, pydantic.Field(gt=0)] = 300.0
    bytes_at_most: Annotated[int, pydantic.Field(ge=1)] | None = 2_000_000_000
    latency_requests: Annotated[int, pydantic.Field(ge=10)] = 50
    latency_rounds: Annotated[int, pydantic.Field(ge=1)] = 8
    latency_rounds_at_most: Annotated[int, pydantic.Field(ge=1)] = 24
    latency_ms_at_most: _Budget | None = None
    latency_ratio_at_most: _Budget | None = 2.0

    @pydantic.model_validator(mode="after")
    def _the_first_look_can_prove_something(self) -> CanaryConfig:
        if self.latency_rounds_at_most < self.latency_rounds:
            raise ValueError(
                f"latency_rounds_at_most is {self.latency_rounds_at_most}, less than "
                f"latency_rounds, {self.latency_rounds}"
            )
        fewest = math.ceil(-math.log2(self.latency_alpha))
        if self.latency_rounds < fewest:
            raise ValueError(
                f"latency_rounds is {self.latency_rounds}; fewer than {fewest} rounds prove "
                f"nothing in {len(self.latency_looks)} looks"
            )
        return self

    @property
    def latency_looks(self) -> list[int]:
        """Rounds that each look at the times adds to those before it."""
        step, most = self.latency_rounds, self.latency_rounds_at_most
        return [min(step, most - before) for before in range(0, most, step)]

    @property
    def latency_alpha(self) -> float:
        """Probability that one look refuses a candidate that keeps its budget.

        All looks together err no more often than 5 % (Bonferroni).
        """
        return 0.05 / len(self.latency_looks)

    def tolerance(self, precision: str) -> float:
        """Returns the tolerance of a model trained in `precision` (`float32`, `mixed_...`)."""
        return self.tolerance_float32 if precision == "float32" else self.tolerance_mixed
