"""How rows are split into train, validation and eval: the setting, and what a split looks at."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa
import pydantic

from common.names import SPLITS
from common.settings import Settings, SettingsError
from components.impression_example_gen.example_encoder import encode
from data.log.labels.label_rows import label_rows
from schemas.contract import Contract

TRAIN_INDEX, VALIDATION_INDEX, EVAL_INDEX = range(len(SPLITS))


class SplitConfig(Settings):
    """How the log's rows are split, and how many of them may be refused.

    Attributes:
      by: `time`: the last rows are validation and eval. `user`: a hash of the user id decides,
        so that all rows of a user lie in one split; a row without a user is split by itself.
        `row`: a hash of all the contract's columns but the labels decides, so that equal rows lie
        in one split.
        None: `time` where the schema has a timestamp, and `row` where it has none.
      eval_fraction: None: the window's eval spans are eval, whatever `by` is. A number: this
        fraction of all rows (by time: the last rows) or users of the window is eval.
      validation_fraction: this fraction of the other rows or users is validation.
      seed: of the hashes: another one gives another split.
      max_quarantined_share: a larger share of refused rows stops the run.
    """

    by: Literal["time", "user", "row"] | None = None
    eval_fraction: float | None = pydantic.Field(default=None, gt=0, lt=1)
    validation_fraction: float = pydantic.Field(default=0.1, gt=0, lt=1)
    seed: int = pydantic.Field(default=0, ge=0, lt=1 << 63)
    max_quarantined_share: float = pydantic.Field(default=0.01, ge=0, le=1)

    def of(self, contract: Contract) -> SplitConfig:
        """Returns it with `by` decided for logs of `contract`.

        Raises:
          SettingsError: `by` is what the schema does not have.
        """
        if self.by is None:
            return self.model_copy(update={"by": "time" if contract.timestamp else "row"})
        for by, column, tag in (
            ("time", contract.timestamp, "timestamp"),
            ("user", contract.user_id, "user_id"),
        ):
            if self.by == by and column is None:
                raise SettingsError(
                    f"split.by is '{by}', but the schema has no {tag}: write 'row', or tag the "
                    "column"
                )
        return self


class Rows:
    """Rows of one span that keep the contract, N > 0: what splits and sampling look at."""

    def __init__(self, contract: Contract, date: str, columns: Mapping[str, pa.Array]) -> None:
        """Makes them of the contract's columns in its order, each [N] in its type."""
        self._contract = contract
        self.date = date
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def times(self) -> np.ndarray:
        """The timestamps, int64 [N]; the contract must have a timestamp."""
        assert self._contract.timestamp is not None
        return self.columns[self._contract.timestamp.name].to_numpy(zero_copy_only=False)

    @property
    def users(self) -> np.ndarray:
        """What tells users apart, bytes objects [N]; the contract must have a user_id.

        It is the id as text, and the row's key where there is none.
        """
        assert self._contract.user_id is not None
        column = self.columns[self._contract.user_id.name]
        text = column if pa.types.is_binary(column.type) else column.cast(pa.string())
        users = text.cast(pa.binary()).to_numpy(zero_copy_only=False)
        if column.null_count:
            guests = column.is_null().to_numpy(zero_copy_only=False)
            users = np.where(guests, self.keys, users)
        return users

    @functools.cached_property
    def content(self) -> np.ndarray:
        """All columns, serialized, bytes objects [N]: equal rows are equal bytes."""
        return encode(self.columns)

    @functools.cached_property
    def keys(self) -> np.ndarray:
        """What tells rows apart in every run, bytes objects [N]: all columns but the labels.

        A label's value may come after the row, and its gaps may be filled in.
        """
        labels = {label.column for label in self._contract.tasks.labels}
        return encode({name: x for name, x in self.columns.items() if name not in labels})

    @property
    def sampling_rate_key(self) -> str:
        """The contract's name of the feature with our own sampling's rate."""
        return self._contract.sampling_rate_key

    @property
    def row_id_key(self) -> str:
        """The contract's name of the feature with a row's id."""
        return self._contract.row_id_key

    @property
    def none_positive(self) -> np.ndarray:
        """True where no label is known to be positive, bool [N]."""
        found = np.ones(len(self), bool)
        for label in self._contract.tasks.labels:
            found &= ~label_rows(self._contract, label, self.columns[label.column]).positive
        return found


class Split(Protocol):
    """A rule that gives every row its split; the same rows get the same ones everywhere."""

    def assign(self, rows: Rows) -> np.ndarray:
        """Returns the index into SPLITS of every row, int8 [N]."""
        ...

    def record(self) -> dict[str, Any]:
        """Returns what `examples.json` says of it beyond its configuration."""
        ...
