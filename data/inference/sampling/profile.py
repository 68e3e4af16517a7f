"""One column of a sampled log in the forms that guesses are made from."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.column import ColumnType

_LEAST_EXCESS = 20
_MOST_OF_CHANCE = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class Profile:
    """One column of the sample.

    Attributes:
      name: its name.
      values: as read, [N], in one of the types of `plain_types`.
      untyped: True where the files hold text, in which the pipeline's reader looks for numbers.
    """

    name: str
    values: pa.Array
    untyped: bool = False

    @property
    def type(self) -> ColumnType | None:
        """The contract's type; None for a type that no contract has (lists, dates)."""
        kind = self.values.type
        if self.is_time or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
            return "int"
        if pa.types.is_floating(kind):
            # pandas writes whole numbers with gaps as floats.
            return "int" if self.distinct and self._whole else "float"
        return "bytes" if kind in (pa.string(), pa.binary()) else None

    @property
    def is_time(self) -> bool:
        """True for Arrow's timestamps, and for times that a file writes as text."""
        return pa.types.is_timestamp(self.values.type)

    @functools.cached_property
    def _whole(self) -> bool:
        return not self.fractions.any()

    @property
    def fractions(self) -> np.ndarray:
        """Bool [N]: the rows whose number is no integer to the pipeline's reader."""
        # Beyond 2**53 a double can't tell neighbouring integers apart.
        exact = (np.abs(self.numbers) <= 2**53) & (self.numbers == np.trunc(self.numbers))
        return np.asarray(~np.isnan(self.numbers) & ~exact)

    @functools.cached_property
    def _encoded(self) -> pa.DictionaryArray:
        values = self.values
        if pa.types.is_floating(values.type):
            values = pa.array(self.numbers, from_pandas=True)
        return values.dictionary_encode()

    @functools.cached_property
    def codes(self) -> np.ndarray:
        """int64 [N]: the number of each row's value, -1 where it is missing."""
        indices = self._encoded.indices
        return indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    @property
    def distinct(self) -> int:
        """Number of distinct values; 0 for a column of no contract's type."""
        return len(self._encoded.dictionary) if self.type_is_known else 0

    @property
    def type_is_known(self) -> bool:
        """False for lists, dates, decimals: what the pipeline's reader has no place for."""
        kind = self.values.type
        number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        known = number or pa.types.is_boolean(kind) or self.is_time
        return known or kind in (pa.string(), pa.binary())

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """int64 [distinct]: the rows of each value, by its code."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.distinct)

    @property
    def missing(self) -> int:
        """Number of rows without a value."""
        return int(self.absent.sum())

    @functools.cached_property
    def absent(self) -> np.ndarray:
        """Bool [N]: the rows without a value."""
        if not self.type_is_known:
            return np.asarray(self.values.is_null().to_numpy(zero_copy_only=False))
        return self.codes < 0

    @functools.cached_property
    def texts(self) -> list[str]:
        """The distinct values as texts, by code."""
        values = self._encoded.dictionary.to_pylist()
        if self.type == "int" and not self.is_time:
            return [str(int(value)) for value in values]
        return [x.decode(errors="replace") if isinstance(x, bytes) else str(x) for x in values]

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """float64 [N], NaN where missing; for a column of numbers or times only."""
        values = self.values
        if self.is_time:
            values = values.cast(pa.int64())
        return np.asarray(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False))

    def determines(self, other: Profile) -> bool:
        """True where rows of one value of this column have one value of `other`.

        Judged against chance: rows that share a value by accident (a rare label and few rows
        a user) decide nothing.
        """
        return determined_by(self.codes, other)

    def is_copy_of(self, other: Profile) -> bool:
        """True where each value goes with one of `other`, and the other way round."""
        values = self.distinct + (self.missing > 0)
        if values != other.distinct + (other.missing > 0):
            return False
        pairs = (self.codes + 1) * (other.distinct + 1) + other.codes + 1
        return len(np.unique(pairs)) == values


def determined_by(key: np.ndarray, other: Profile) -> bool:
    """True where rows of the same `key` (int64 [N], -1 missing) have one value of `other`."""
    rows = key >= 0
    keys, codes = key[rows], other.codes[rows] + 1
    found = _excess(keys, codes, other.distinct + 1)
    if found > _MOST_OF_CHANCE * len(keys):
        return False  # More than any chance allows.
    shuffled = np.random.default_rng(0).permutation(codes)
    by_chance = _excess(keys, shuffled, other.distinct + 1)
    return by_chance >= _LEAST_EXCESS and found <= _MOST_OF_CHANCE * by_chance


def _excess(keys: np.ndarray, codes: np.ndarray, size: int) -> int:
    """How many (key, code) pairs there are beyond one a key."""
    return len(np.unique(keys * size + codes)) - len(np.unique(keys))
