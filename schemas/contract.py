"""The data contract: a tagged tensorflow_metadata Schema as typed columns.

Everything downstream derives from it: Transform's treatment of a column, the
model's inputs and outputs, the labels and slices of the Evaluator, the serving
signature, and the columns that a generator writes.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Callable
from typing import Literal

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.tags import (
    SIDES,
    Categorical,
    ContractError,
    Id,
    Numeric,
    Tags,
    Treatment,
    parse_tags,
)
from schemas.task_graph import Label, TaskGraph, sorted_by_parents

ColumnType = Literal["int", "float", "bytes"]
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
      required: True where every row has exactly one value; False where it may be missing.
      ragged: True where a row has a list of values: `value_count` other than one. Such a column
        is carried into the examples, and is no model input.
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

    @property
    def treatment(self) -> Treatment | None:
        """How Transform treats it; None for a column that is no model input."""
        return self.tags.treatment

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


@dataclasses.dataclass(frozen=True)
class Contract:
    """A schema with its tags read and checked.

    Attributes:
      columns: all columns, in the schema's order.
      tasks: the task graph.
    """

    columns: tuple[Column, ...]
    tasks: TaskGraph

    def column(self, name: str) -> Column:
        """Returns the column called `name`; raises KeyError where there is none."""
        return self._by_name[name]

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def _flagged(self, flag: str) -> Column | None:
        return next((column for column in self.columns if flag in column.tags.flags), None)

    @property
    def scenario(self) -> Column:
        """The scenario column."""
        return self._one("scenario")

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios' names; their order is the order of the model's scenario ids."""
        return self.scenario.values

    @property
    def user_id(self) -> Column:
        """The column whose value groups rows by person."""
        return self._one("user_id")

    @property
    def timestamp(self) -> Column:
        """The impression's time since 1970 (UTC), in its tag's unit (`tags.ticks_per_second`)."""
        return self._one("timestamp")

    @property
    def weight(self) -> Column | None:
        """The row's weight, where the log has one."""
        return self._flagged("weight")

    @property
    def features(self) -> tuple[Column, ...]:
        """The model's inputs, in the schema's order."""
        return tuple(column for column in self.columns if column.treatment is not None)

    @property
    def serving_features(self) -> tuple[Column, ...]:
        """What a request must carry: the features (and scenario) known before the impression."""
        return tuple(
            column
            for column in self.columns
            if (column.treatment is not None and column.tags.train_only_default is None)
            or column.name == self.scenario.name
        )

    def _one(self, flag: str) -> Column:
        found = self._flagged(flag)
        assert found is not None, flag  # read_contract has checked it.
        return found


def _column(schema: schema_pb2.Schema, feature: schema_pb2.Feature) -> Column:
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
        # Inferred schemas write `value_count { min: 1 max: 1 }` for one value that may be missing.
        ragged=feature.HasField("value_count") and feature.value_count.max != 1,
    )
    _check_column(column, feature)
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
    if column.tags.label is not None and (column.type != "int" or column.treatment is not None):
        raise ContractError(
            f"feature '{column.name}' is a label: it must be 'type: INT' (0 or 1) "
            "and must not be a model input (drop its id / categorical / numeric tag)"
        )
    if column.ragged and column.tags != Tags():
        raise ContractError(
            f"feature '{column.name}' is a list (value_count) and is tagged "
            f"'{feature.annotation.tag[0]}': lists are carried into the examples, but are no model "
            "inputs yet; drop its tags, or write 'value_count { min: 1 max: 1 }' for one value"
        )
    must_hold_a_value = column.tags.flags & {"scenario", "user_id", "timestamp", "weight"}
    if (must_hold_a_value or column.tags.label) and not column.required:
        raise ContractError(
            f"feature '{column.name}' may not be missing; give it "
            "'presence { min_fraction: 1 }' and 'shape { dim { size: 1 } }'"
        )
    if isinstance(column.treatment, (Id, Categorical)) and column.type == "float":
        kind = "an id" if isinstance(column.treatment, Id) else "categorical"
        raise ContractError(f"feature '{column.name}' is {kind}; make it INT or BYTES, not FLOAT")
    if isinstance(column.treatment, Numeric) and column.type == "bytes":
        raise ContractError(f"feature '{column.name}' is numeric; make it INT or FLOAT, not BYTES")


def _label(column: Column) -> Label:
    tag = column.tags.label
    assert tag is not None
    parent = tag.given or (tag.after[0] if tag.after else None)
    return Label(tag.name, column.name, parent, tag.given is not None, tag.after)


def read_contract(schema: schema_pb2.Schema) -> Contract:
    """Reads the tags of `schema`.

    Raises:
      ContractError: a tag that is unknown or does not fit, or a role that is
        missing or given twice.
    """
    columns = tuple(_column(schema, feature) for feature in schema.feature)
    for flag in ("scenario", "user_id", "timestamp"):
        tagged = [column.name for column in columns if flag in column.tags.flags]
        if len(tagged) != 1:
            raise ContractError(
                f"exactly one feature must be tagged '{flag}', found "
                f"{len(tagged)}{': ' + ', '.join(tagged) if tagged else ''}"
            )
    contract = Contract(
        columns, sorted_by_parents([_label(column) for column in columns if column.tags.label])
    )
    scenario = contract.scenario
    if scenario.type != "bytes" or not scenario.values:
        raise ContractError(
            f"feature '{scenario.name}' is the scenario: it must be 'type: BYTES' with a "
            "string_domain that lists every scenario"
        )
    if not any(
        isinstance(column.treatment, Id | Categorical)
        or (isinstance(column.treatment, Numeric) and column.treatment.buckets)
        for column in columns
    ):
        raise ContractError(
            "no feature is embedded: tag one as 'id', 'categorical' or 'numeric:buckets=32'"
        )
    if contract.timestamp.type != "int":
        raise ContractError(f"feature '{contract.timestamp.name}' is the timestamp; make it INT")
    return contract


def parse_schema(text: str, source: str = "schema") -> schema_pb2.Schema:
    """Parses a schema in text format; `source` names it in errors."""
    try:
        return text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        raise ContractError(f"{source}: {error}") from None


def load_schema_text(path: str | pathlib.Path) -> str:
    """Loads a schema's text and checks it.

    Raises:
      ContractError: the file is missing, can't be parsed, or is no contract; names the file.
    """
    path = pathlib.Path(path)
    load_contract(path)
    return path.read_text(encoding="utf-8")


def load_schema(path: str | pathlib.Path) -> schema_pb2.Schema:
    """Loads a schema in text format.

    Raises:
      ContractError: the file is missing or can't be parsed.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ContractError(f"schema file {path} does not exist")
    return parse_schema(path.read_text(encoding="utf-8"), str(path))


def load_contract(path: str | pathlib.Path) -> Contract:
    """Loads and checks the contract in the file `path`; errors name the file."""
    schema = load_schema(path)
    try:
        return read_contract(schema)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from None
