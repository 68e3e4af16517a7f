"""What the canary asks of the served model."""

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
      latency_requests: timed requests to each model.
      latency_ms_at_most: largest 99th percentile of the candidate's requests, in milliseconds.
      latency_ratio_at_most: largest median of the candidate's requests over that of the live
        version's. Medians, since a busy machine's tail says little of the model.
    """

    rows: Annotated[int, pydantic.Field(ge=1)] = 256
    tolerance_float32: _Tolerance = 1e-6
    tolerance_mixed: _Tolerance = 1e-3
    batch_rows: Annotated[int, pydantic.Field(ge=1)] = 128
    timeout_seconds: Annotated[float, pydantic.Field(gt=0)] = 300.0
    bytes_at_most: Annotated[int, pydantic.Field(ge=1)] | None = 2_000_000_000
    latency_requests: Annotated[int, pydantic.Field(ge=10)] = 200
    latency_ms_at_most: _Budget | None = None
    latency_ratio_at_most: _Budget | None = 2.0

    def tolerance(self, precision: str) -> float:
        """Returns the tolerance of a model trained in `precision` (`float32`, `mixed_...`)."""
        return self.tolerance_float32 if precision == "float32" else self.tolerance_mixed
