"""The recorded rows, replayed through a model server."""

from __future__ import annotations

import numpy as np

from common.names import SERVING_DEFAULT
from components.model_canary.recorded import Recorded
from serving.client import Client


def replay(
    client: Client, signature: str, recorded: Recorded, batch_rows: int
) -> dict[str, np.ndarray]:
    """Asks one signature for the scores of every row.

    Args:
      client: of the server.
      signature: its name.
      recorded: N rows.
      batch_rows: rows a request.

    Returns:
      The scores by output, [N].

    Raises:
      ServingError: the server refuses a request.
    """

    def ask(rows: slice) -> dict[str, np.ndarray]:
        if signature == SERVING_DEFAULT:
            return client.predict_examples(recorded.examples[rows])
        columns = {name: values[rows] for name, values in recorded.columns.items()}
        return client.predict_tensors(columns, signature)

    starts = range(0, len(recorded.examples), batch_rows)
    answers = [ask(slice(start, start + batch_rows)) for start in starts]
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
