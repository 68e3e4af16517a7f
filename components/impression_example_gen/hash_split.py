"""Splits by a hash of the user or of the row."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np

from components.impression_example_gen.row_hash import unit_hashes
from components.impression_example_gen.split import (
    EVAL_INDEX,
    TRAIN_INDEX,
    VALIDATION_INDEX,
    Rows,
    SplitConfig,
)


@dataclasses.dataclass(frozen=True)
class HashSplit:
    """Rows whose key's hash, in [0, 1), is below a share.

    Attributes:
      by: the key: `user` or `row`.
      seed: of the hash.
      eval_share: hashes below it are eval; 0 where `eval_dates` decides.
      validation_share: hashes from there and below this sum further are validation.
      eval_dates: spans whose rows are eval; empty where `eval_share` decides.
    """

    by: Literal["user", "row"]
    seed: int
    eval_share: float
    validation_share: float
    eval_dates: frozenset[str]

    @classmethod
    def of(cls, config: SplitConfig, eval_dates: tuple[str, ...]) -> HashSplit:
        """Makes the split that `config` asks for; `eval_dates` are the window's eval spans.

        `config.by` is `user` or `row`.
        """
        assert config.by in ("user", "row")
        eval_share = config.eval_fraction or 0.0
        return cls(
            config.by,
            config.seed,
            eval_share,
            (1 - eval_share) * config.validation_fraction,
            frozenset(eval_dates if config.eval_fraction is None else ()),
        )

    def assign(self, rows: Rows) -> np.ndarray:
        """See `Split.assign`."""
        if rows.date in self.eval_dates:
            return np.full(len(rows), EVAL_INDEX, np.int8)
        hashes = unit_hashes(rows.users if self.by == "user" else rows.keys, self.seed, "split")
        found = np.full(len(rows), TRAIN_INDEX, np.int8)
        found[hashes < self.eval_share + self.validation_share] = VALIDATION_INDEX
        found[hashes < self.eval_share] = EVAL_INDEX
        return found

    def record(self) -> dict[str, Any]:
        """See `Split.record`."""
        return {}
