"""Which columns are lists, and which tags a column of lists can have."""

from __future__ import annotations

import math

from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.column_type import ColumnType
from schemas.tags import SIDES, ContractError, MultiValue, Sequence, Tags, Vector
from schemas.treatments import KINDS


def is_ragged(feature: schema_pb2.Feature) -> bool:
    """Whether a feature has a list of values in a row.

    Inferred schemas write `value_count { min: 1 max: 1 }` for one value that may be missing.
    """
    if feature.HasField("shape"):
        return _size(feature) != 1
    return feature.HasField("value_count") and feature.value_count.max != 1


def _size(feature: schema_pb2.Feature) -> int:
    return math.prod(dim.size for dim in feature.shape.dim)


def check_list(
    name: str, kind: ColumnType, ragged: bool, tags: Tags, feature: schema_pb2.Feature
) -> None:
    """Checks a feature of lists, or with a tag for lists; any other passes.

    Args:
      name: its name.
      kind: its type.
      ragged: `is_ragged` of it.
      tags: its tags.
      feature: its proto.

    Raises:
      ContractError: its type, its count of values or its tags do not fit one another.
    """
    treatment = tags.list_treatment
    if treatment is None:
        if ragged and tags != Tags():
            raise ContractError(
                f"feature '{name}' is a list (value_count or shape) and is tagged "
                f"'{feature.annotation.tag[0]}': a list is tagged 'sequence', 'multi_value' or "
                "'vector', or not at all; for one value write 'value_count { min: 1 max: 1 }'"
            )
        return
    tag = next(tag for tag, made in KINDS.items() if type(treatment) is made)
    is_vector = isinstance(treatment, Vector)
    # A vector of one number is a list all the same.
    one_number = is_vector and treatment.dim == 1 and feature.HasField("value_count")
    if not ragged and not one_number:
        raise ContractError(
            f"feature '{name}' is tagged '{tag}' and has one value a row: write "
            f"{_wanted(treatment)}, without a 'shape'"
        )
    if feature.HasField("shape") and not (is_vector and _size(feature) == treatment.dim):
        wanted = _wanted(treatment)
        raise ContractError(
            f"feature '{name}' is tagged '{tag}' and has a shape of {_size(feature)} values: write "
            f"{wanted} instead of the shape"
        )
    # `check_when_known` has its own words for what is known late.
    others = {name for name in tags.flags if name not in (*SIDES, "after_impression")}
    others |= {"train_only"} if tags.train_only_default is not None else set()
    others |= {f"label:{tags.label.name}"} if tags.label is not None else set()
    if others:
        raise ContractError(
            f"feature '{name}' is tagged '{tag}' and '{min(others)}', which is for one value a "
            "row: drop one of the two"
        )
    _check_type(name, kind, tag, treatment)


def _wanted(treatment: Sequence | MultiValue | Vector) -> str:
    if isinstance(treatment, Vector):
        return f"'value_count {{ min: {treatment.dim} max: {treatment.dim} }}'"
    return "'value_count { min: 0 }'"


def _check_type(
    name: str, kind: ColumnType, tag: str, treatment: Sequence | MultiValue | Vector
) -> None:
    if isinstance(treatment, Vector):
        if kind != "float":
            raise ContractError(f"feature '{name}' is tagged '{tag}'; make it FLOAT")
        return
    buckets = treatment.buckets if isinstance(treatment, Sequence) else 0
    if kind == "float" and not buckets:
        wanted = (
            "or cut its numbers into quantiles: 'sequence:buckets=16'"
            if isinstance(treatment, Sequence)
            else "or tag it as nothing and name it as another list's weights"
        )
        raise ContractError(
            f"feature '{name}' is tagged '{tag}', whose values are ids: make it INT or BYTES, "
            f"{wanted}"
        )
    if kind == "bytes" and buckets:
        raise ContractError(
            f"feature '{name}', tag '{tag}': texts can't be cut into quantiles; drop 'buckets'"
        )
