"""One column of the data contract: a feature of the schema, with its tags read and checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.availability import check_when_known, left_out_of_serving
from schemas.column_type import ColumnType as ColumnType
from schemas.label_check import check_label
from schemas.list_check import check_list, is_ragged
from schemas.tags import (
    SIDES,
    Categorical,
    ContractError,
    Id,
    ListTreatment,
    Numeric,
    Tags,
    Treatment,
    parse_tags,
)
from schemas.usable_text import check_values

_TYPES: dict[int, ColumnType] = {
    schema_pb2.INT: "int",
    schema_pb2.FLOAT: "float",
    schema_pb2.BYTES: "bytes",
}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of the log.

    Attributes:
      name: the column's name.
      type: `int` (int64), `float` (float32) or `bytes` (a UTF-8 string).
      required: True where every row has exactly one value (a vector: exactly its numbers); False
        where it may be missing.
      ragged: True where a row has a list of values: a `value_count` other than one, or a `shape`
        of several values. Without a list treatment it is carried into the examples, and is no
        model input.
      graph_name: what stands for the name in graphs, signatures, variables and vocabularies (see
        `schemas.graph_names`); `read_contract` gives it.
      tags: the parsed annotation tags.
      values: the closed set of values of a string domain, else empty.
      int_range: (smallest, largest) value of an int domain with both bounds, else None.
    """

    name: str
    type: ColumnType
    required: bool
    tags: Tags
    values: tuple[str, ...] = ()
    int_range: tuple[int, int] | None = None
    ragged: bool = False
    graph_name: str = ""

    @property
    def treatment(self) -> Treatment | None:
        """How Transform treats a column of one value a row; None for one that is no input."""
        return self.tags.treatment

    @property
    def list_treatment(self) -> ListTreatment | None:
        """How Transform treats a column of lists; None for one that is no model input."""
        return self.tags.list_treatment

    @property
    def side(self) -> str | None:
        """`user`, `item`, `context`, or None."""
        return next((side for side in SIDES if side in self.tags.flags), None)

    @property
    def train_only_default(self) -> int | float | bytes | None:
        """The value that serving and evaluation use for a train_only column, typed."""
        text = self.tags.train_only_default
        if text is None:
            return None
        convert: dict[ColumnType, Callable[[str], int | float | bytes]]
        convert = {"int": int, "float": float, "bytes": str.encode}
        return convert[self.type](text)


def read_column(schema: schema_pb2.Schema, feature: schema_pb2.Feature, graph_name: str) -> Column:
    """Reads one feature of `schema`; `graph_name` is its name in graphs.

    Raises:
      ContractError: its type, its domain or its tags can't be used.
    """
    if feature.type not in _TYPES:
        raise ContractError(
            f"feature '{feature.name}' has no usable type; write 'type: INT', 'FLOAT' or 'BYTES'"
        )
    values = tuple(feature.string_domain.value)
    if feature.HasField("domain"):
        named = [domain for domain in schema.string_domain if domain.name == feature.domain]
        if not named:
            raise ContractError(
                f"feature '{feature.name}' names the domain '{feature.domain}', "
                "which the schema lacks"
            )
        values = tuple(named[0].value)
    int_range, domain = None, feature.int_domain
    # A domain with one bound is a limit for ExampleValidator, not a list of values.
    if domain.HasField("min") and domain.HasField("max"):
        int_range = (domain.min, domain.max)
    column = Column(
        name=feature.name,
        type=_TYPES[feature.type],
        required=feature.HasField("shape"),
        tags=parse_tags(feature.name, list(feature.annotation.tag)),
        values=values,
        int_range=int_range,
        ragged=is_ragged(feature),
        graph_name=graph_name,
    )
    check_values(column.name, column.values, scenario=False)
    _check_column(column, feature)
    check_when_known(column.name, column.tags, left_out_of_serving(schema, feature))
    return column


def _check_column(column: Column, feature: schema_pb2.Feature) -> None:
    if column.required and feature.presence.min_fraction != 1:
        raise ContractError(
            f"feature '{column.name}' has a shape but may be missing; "
            "add 'presence { min_fraction: 1 }' or drop the shape"
        )
    try:
        _ = column.train_only_default
    except ValueError:
        raise ContractError(
            f"feature '{column.name}': train_only default '{column.tags.train_only_default}' "
            f"is no {column.type}"
        ) from None
    check_label(column.name, column.type, column.tags)
    if column.tags.truth is not None and (
        column.type != "float" or not column.required or column.tags.label is not None
    ):
        raise ContractError(
            f"feature '{column.name}' is tagged 'truth:{column.tags.truth}': it must be 'type: "
            "FLOAT', a probability in every row ('presence { min_fraction: 1 }' and "
            "'shape { dim { size: 1 } }'), and no label"
        )
    check_list(column.name, column.type, column.ragged, column.tags, feature)
    # A user_id may be missing: such a row is a guest's.
    must_hold_a_value = column.tags.flags & {
        "scenario",
        "timestamp",
        "weight",
        "sampling_rate",
    }
    if must_hold_a_value and not column.required:
        raise ContractError(
            f"feature '{column.name}' may not be missing; give it "
            "'presence { min_fraction: 1 }' and 'shape { dim { size: 1 } }'"
        )
    if "sampling_rate" in column.tags.flags and column.type != "float":
        raise ContractError(f"feature '{column.name}' is the sampling rate; make it FLOAT")
    if "weight" in column.tags.flags and column.type == "bytes":
        raise ContractError(f"feature '{column.name}' is the weight; make it FLOAT or INT")
    if "user_id" in column.tags.flags and column.type == "float":
        raise ContractError(f"feature '{column.name}' is the user_id; make it INT or BYTES")
    if isinstance(column.treatment, (Id, Categorical)) and column.type == "float":
        kind = "an id" if isinstance(column.treatment, Id) else "categorical"
        raise ContractError(f"feature '{column.name}' is {kind}; make it INT or BYTES, not FLOAT")
    if isinstance(column.treatment, Numeric) and column.type == "bytes":
        raise ContractError(f"feature '{column.name}' is numeric; make it INT or FLOAT, not BYTES")
