"""How Transform treats a feature: the tags that make a column an input, and their arguments."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence as Names
from typing import Any, Literal, get_args

from common.errors import PolyrankError
from common.suggestions import nearest

Pooling = Literal["mean", "sum", "max"]
Normalize = Literal["none", "l2"]
Text = Literal["json", "pipe", "comma", "semicolon", "tab", "space"]


class ContractError(PolyrankError, ValueError):
    """A data contract that can't be used: says which feature, which tag and the fix."""


@dataclasses.dataclass(frozen=True)
class Id:
    """A column of high cardinality: a vocabulary learned from the log.

    Attributes:
      min_count: tokens seen less often share the out-of-vocabulary buckets.
      oov: number of hash buckets for tokens outside the vocabulary (>= 1).
      dim: embedding width, or None for the model's own.
    """

    min_count: int = 1
    oov: int = 1
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A column of few values: those of its domain, or a vocabulary where it has none."""

    oov: int = 1
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class Numeric:
    """A number: z-scored, and cut into `buckets` quantiles as a field if `buckets` > 0."""

    buckets: int = 0
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class Sequence:
    """What came before the impression, in order: oldest first, newest last.

    Attributes:
      length: L, how many values a model reads; of a longer list the newest.
      of: the column whose vocabulary and embedding table it shares; None for its own.
      group: the name of the lists that are aligned row by row (what was seen, what was done with
        it, how long ago); None where it is a group of its own.
      buckets: of numbers: how many quantiles they are cut into; 0 for ids.
      text: how a text holds the list, in logs that have no lists; None where they have.
      min_count: as `Id`, of a table of its own.
      oov: as `Id`.
      dim: as `Id`.
    """

    length: int = 50
    of: str | None = None
    group: str | None = None
    buckets: int = 0
    text: Text | None = None
    min_count: int = 1
    oov: int = 1
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class MultiValue:
    """Several values of equal standing (an item's tags), pooled into one embedding.

    Attributes:
      pooling: how the values' embeddings become one.
      length: L, how many values a model reads; of a longer list the first.
      of: as `Sequence`.
      weights: the column of numbers, one a value, that weigh the embeddings; None for 1.
      text: as `Sequence`.
      min_count: as `Id`, of a table of its own.
      oov: as `Id`.
      dim: as `Id`.
    """

    pooling: Pooling = "mean"
    length: int = 50
    of: str | None = None
    weights: str | None = None
    text: Text | None = None
    min_count: int = 1
    oov: int = 1
    dim: int | None = None


@dataclasses.dataclass(frozen=True)
class Vector:
    """A dense embedding from elsewhere: `dim` numbers in every row that has one.

    Attributes:
      dim: how many.
      normalize: `l2` divides each row's numbers by their Euclidean norm.
      text: as `Sequence`.
    """

    dim: int
    normalize: Normalize = "none"
    text: Text | None = None


Treatment = Id | Categorical | Numeric
"""Of a column with one value a row."""

ListTreatment = Sequence | MultiValue | Vector
"""Of a column with a list a row."""

KINDS: dict[str, type[Treatment | ListTreatment]] = {
    "id": Id,
    "categorical": Categorical,
    "numeric": Numeric,
    "sequence": Sequence,
    "multi_value": MultiValue,
    "vector": Vector,
}
"""Tag -> what it makes."""

_LEAST = {"min_count": 1, "oov": 1, "dim": 1, "buckets": 0, "length": 1}
_CHOICES: dict[str, tuple[str, ...]] = {
    "pooling": get_args(Pooling),
    "normalize": get_args(Normalize),
    "text": get_args(Text),
}
_OF_ANOTHER_TABLE = ("min_count", "oov", "dim", "buckets")


def arguments(feature: str, tag: str, text: str, known: Names[str]) -> dict[str, str]:
    """Reads ``key=value,key=value``.

    Raises:
      ContractError: an argument is unknown, comes twice or has no value.
    """
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if key not in known:
            raise ContractError(
                f"feature '{feature}', tag '{tag}': unknown argument '{key}'; {nearest(key, known)}"
            )
        if not equals or not value:
            raise ContractError(f"feature '{feature}', tag '{tag}': write '{key}=VALUE'")
        if key in found:
            raise ContractError(f"feature '{feature}', tag '{tag}': two '{key}'; keep one")
        found[key] = value
    return found


def read_treatment(feature: str, tag: str, name: str, text: str) -> Treatment | ListTreatment:
    """Reads a tag of `KINDS`.

    Raises:
      ContractError: an argument is unknown, has no usable value or excludes another one.
    """
    kind = KINDS[name]
    fields = tuple(field.name for field in dataclasses.fields(kind))
    written = arguments(feature, tag, text, fields)
    values: dict[str, Any] = {}
    for key, value in written.items():
        if key in _LEAST:
            values[key] = _whole(feature, tag, key, value)
        elif key in _CHOICES and value not in _CHOICES[key]:
            raise ContractError(
                f"feature '{feature}', tag '{tag}': unknown {key} '{value}'; "
                f"write one of {', '.join(_CHOICES[key])}"
            )
        else:
            values[key] = value
    if kind is Vector and "dim" not in values:
        raise ContractError(
            f"feature '{feature}', tag '{tag}': write 'vector:dim=NUMBER', the length of its lists"
        )
    if "of" in values:
        excluded = [key for key in _OF_ANOTHER_TABLE if key in values]
        if excluded:
            raise ContractError(
                f"feature '{feature}', tag '{tag}': '{excluded[0]}' is of a table of its own, and "
                f"this one shares that of '{values['of']}'; drop one of the two"
            )
    return kind(**values)


def _whole(feature: str, tag: str, key: str, value: str) -> int:
    whole = value.isascii() and value.isdigit()
    if not whole or int(value) < _LEAST[key]:
        raise ContractError(
            f"feature '{feature}', tag '{tag}': {key} is '{value}'; "
            f"write a whole number of at least {_LEAST[key]}"
        )
    return int(value)
