"""The rows that the Trainer left for the canary."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Recorded:
    """Rows and the trainer's scores of them.

    Attributes:
      examples: serialized tf.Examples, [N].
      columns: the same rows as inputs of the signature `predict`, each [N].
      scores: the trainer's, by output: float32 [N].
    """

    examples: Sequence[bytes]
    columns: Mapping[str, np.ndarray]
    scores: Mapping[str, np.ndarray]
