"""One column of lists of a sampled log in the forms that guesses are made from."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pyarrow as pa

from data.inference.sampling.profile import Profile
from data.log.casting.lists import list_lengths
from schemas.treatments import Text


@dataclasses.dataclass(frozen=True, eq=False)
class ListColumn:
    """One column of the sample with a list a row.

    Attributes:
      name: its name.
      lists: as read, [N], in one of the types of `plain_types`; null is an empty list.
      text: how a text holds the lists; None where the log has lists.
      said: how texts are split and why, for people; else empty.
    """

    name: str
    lists: pa.ListArray
    text: Text | None = None
    said: str = ""

    @functools.cached_property
    def values(self) -> Profile:
        """The values of all lists end to end, a row each: [V]."""
        values = self.lists.flatten()
        if pa.types.is_null(values.type):
            values = values.cast(pa.string())
        return Profile(self.name, values)

    @functools.cached_property
    def lengths(self) -> np.ndarray:
        """int64 [N]: how many values each row has."""
        return list_lengths(self.lists)

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """int64 [V]: the row of each value."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @functools.cached_property
    def whole(self) -> Profile:
        """Each list as one value, [N]: null where it is empty, else a text that it alone has."""
        values = self.values.values
        if pa.types.is_floating(values.type):
            # Vectors: too many values to count the distinct ones.
            numbers = self.values.numbers.view(np.uint64)
        else:
            numbers = self.values.codes.astype(np.uint64) + np.uint64(1)
        ends = np.cumsum(self.lengths)
        starts = ends - self.lengths
        places = np.arange(len(self.rows)) - starts[self.rows]
        keys = np.random.default_rng(0).integers(1, 2**63, int(self.lengths.max(initial=1))) | 1
        sums = np.cumsum(_mixed(numbers) * keys.astype(np.uint64)[places], dtype=np.uint64)
        sums = np.concatenate([np.zeros(1, np.uint64), sums])
        hashes = (sums[ends] - sums[starts]).view(np.int64)
        return Profile(self.name, pa.array(hashes, mask=self.lengths == 0).cast(pa.string()))

    def as_texts(self) -> ListColumn:
        """The same with whole numbers as texts, as a contract's column of texts has them."""
        return dataclasses.replace(self, lists=self.lists.cast(pa.list_(pa.string())))

    @property
    def constant_length(self) -> int | None:
        """The length of every list that is not empty; None where they differ, or are all empty."""
        found = np.unique(self.lengths[self.lengths > 0])
        return int(found[0]) if len(found) == 1 else None

    @property
    def newest(self) -> np.ndarray:
        """int64 [N]: the code of each row's last value, -1 in an empty list."""
        found = np.full(len(self.lengths), -1)
        some = self.lengths > 0
        found[some] = self.values.codes[np.cumsum(self.lengths)[some] - 1]
        return found


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """uint64 [V] as other ones that look like chance (the last step of splitmix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(numbers ^ (numbers >> np.uint64(31)))
