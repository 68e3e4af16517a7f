"""Scores of rows from a model server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.errors import BadDataError, PolyrankError
from common.names import PREDICT
from models.features.preprocessing import MISSING
from serving.client import Client
from serving.rows import columns

_MISSING = {"int64": MISSING["int"], "float32": MISSING["float"], "string": MISSING["bytes"]}


def served_scores(
    rows: Sequence[Mapping[str, Any]], target: str, model_name: str, timeout: float
) -> dict[str, np.ndarray]:
    """Queries a model server for the scores of rows.

    Args:
      rows: B mappings from feature to value, one candidate each; None and NaN stand for a missing
        value, and keys that are no feature of the model are ignored.
      target: the server's `host:port`.
      model_name: the served model's name.
      timeout: seconds that a request may take.

    Returns:
      An array [B] an output.

    Raises:
      BadDataError: there are no rows, or a row lacks a feature or holds a value of another type.
      ServingError: the server can't be reached or refuses the request.
      PolyrankError: the model takes no rows.
    """
    if not rows:
        raise BadDataError("there are no rows; give one mapping from feature to value a candidate")
    with Client(target, model_name, timeout) as client:
        signatures = client.metadata()
        if PREDICT not in signatures:
            raise PolyrankError(
                f"model '{model_name}' at {target} has no signature '{PREDICT}', "
                f"only {', '.join(signatures)}"
            )
        return client.predict(columns(rows, signatures[PREDICT].inputs, _MISSING), PREDICT)
