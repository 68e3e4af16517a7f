"""The data contract: a tagged tensorflow_metadata Schema as typed columns.

Everything downstream derives from it: Transform's treatment of a column, the
model's inputs and outputs, the labels and slices of the Evaluator, the serving
signature, and the columns that a generator writes.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Mapping

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from common.suggestions import nearest

# Named twice, so that whoever reads a contract finds its columns' type here too.
from schemas.column import Column as Column
from schemas.column import ColumnType as ColumnType
from schemas.column import read_column
from schemas.graph_names import graph_names
from schemas.list_columns import SequenceGroup, check_lists, sequence_groups
from schemas.own_features import ROW_ID_KEY, SAMPLING_RATE_KEY, free_name
from schemas.tags import Categorical, ContractError, Id, MultiValue, Numeric
from schemas.task_graph import Label, TaskGraph, sorted_by_parents
from schemas.usable_text import check_feature_names, check_values

ONLY_SCENARIO = "default"
"""The scenario of every row of a log whose schema tags none."""


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
    def scenario(self) -> Column | None:
        """The scenario column; None where all rows are of one scenario, `ONLY_SCENARIO`."""
        return self._flagged("scenario")

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios' names; their order is the order of the model's scenario ids."""
        return self.scenario.values if self.scenario else (ONLY_SCENARIO,)

    @property
    def measured_scenarios(self) -> tuple[str, ...]:
        """The scenarios with metrics of their own; none where there is no scenario column."""
        return self.scenario.values if self.scenario else ()

    @property
    def user_id(self) -> Column | None:
        """The column whose value groups rows by person, where the log has one.

        Where it is not required, a row without a value (null, or a text that is empty or blank)
        is a guest's; guests share no identity.
        """
        return self._flagged("user_id")

    def item_id(self, sizes: Mapping[str, int]) -> Column | None:
        """The column that tells items apart: the item-side id with the most values.

        Args:
          sizes: column -> number of its values; columns that are not in it are left out.

        Returns:
          The first of the largest; None where there is none.
        """
        ids = [
            column
            for column in self.features
            if column.side == "item" and isinstance(column.treatment, Id) and column.name in sizes
        ]
        return max(ids, key=lambda column: sizes[column.name], default=None)

    @property
    def timestamp(self) -> Column | None:
        """The impression's time since 1970 (UTC), in its tag's unit (`tags.ticks_per_second`).

        None where the log has no time.
        """
        return self._flagged("timestamp")

    @property
    def weight(self) -> Column | None:
        """The row's weight, where the log has one."""
        return self._flagged("weight")

    @property
    def truths(self) -> dict[str, Column]:
        """The columns that hold the true probability of an output, by the output's name."""
        return {
            column.tags.truth: column for column in self.columns if column.tags.truth is not None
        }

    @property
    def sampling_rate(self) -> Column | None:
        """The chance that the row had to get into the log, where the log was down-sampled."""
        return self._flagged("sampling_rate")

    @property
    def sampling_rate_key(self) -> str:
        """The feature of an example with the chance that its row had to be kept by our own
        sampling: float32; 1 where there is none. It is no column's name; a rate that the log
        came with is `sampling_rate`.
        """
        return free_name(SAMPLING_RATE_KEY, self._by_name)

    @property
    def row_id_key(self) -> str:
        """The feature of an example with its row's number: int64, unique in the log, the same in
        every run. It is no column's name and no model's input.
        """
        return free_name(ROW_ID_KEY, self._by_name)

    @property
    def features(self) -> tuple[Column, ...]:
        """The model's inputs of one value a row, in the schema's order."""
        return tuple(column for column in self.columns if column.treatment is not None)

    @property
    def list_features(self) -> tuple[Column, ...]:
        """The model's inputs of a list a row: sequences, multi-valued columns and vectors."""
        return tuple(column for column in self.columns if column.list_treatment is not None)

    @property
    def list_columns(self) -> tuple[Column, ...]:
        """The lists that a model reads in training and from a request: also those that weigh
        the values of other ones, in the schema's order.
        """
        weights = {
            column.list_treatment.weights
            for column in self.columns
            if isinstance(column.list_treatment, MultiValue)
        }
        return tuple(
            column
            for column in self.columns
            if column.list_treatment is not None or column.name in weights
        )

    @functools.cached_property
    def sequence_groups(self) -> tuple[SequenceGroup, ...]:
        """The groups of sequences that are aligned row by row."""
        return sequence_groups(self.columns)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """All that a model reads of one value a row in training: features, and the scenario."""
        return tuple(
            column
            for column in self.columns
            if column.treatment is not None or column == self.scenario
        )

    @property
    def serving_features(self) -> tuple[Column, ...]:
        """What a request must carry of one value a row: the features (and scenario) known before
        the impression. Its lists are `list_columns`.
        """
        return tuple(
            column
            for column in self.columns
            if (column.treatment is not None and column.tags.train_only_default is None)
            or column == self.scenario
        )


def _label(column: Column) -> Label:
    tag = column.tags.label
    assert tag is not None
    parent = tag.given or (tag.after[0] if tag.after else None)
    return Label(
        tag.name,
        column.name,
        parent,
        tag.given is not None,
        tag.after,
        above=tag.above,
        optional=not column.required,
    )


def read_contract(schema: schema_pb2.Schema) -> Contract:
    """Reads the tags of `schema`.

    Raises:
      ContractError: a name that can't be used, a tag that is unknown or does not fit, or a role
        that is given twice.
    """
    check_feature_names(schema)
    names = graph_names(feature.name for feature in schema.feature)
    columns = tuple(read_column(schema, x, names[x.name]) for x in schema.feature)
    for flag in ("scenario", "user_id", "timestamp", "weight", "sampling_rate"):
        tagged = [column.name for column in columns if flag in column.tags.flags]
        if len(tagged) > 1:
            raise ContractError(
                f"at most one feature may be tagged '{flag}', found {', '.join(tagged)}"
            )
    contract = Contract(
        columns, sorted_by_parents([_label(column) for column in columns if column.tags.label])
    )
    _check_truths(contract)
    check_lists(columns, contract.sequence_groups)
    scenario = contract.scenario
    if scenario is not None and (scenario.type != "bytes" or not scenario.values):
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
    if not contract.serving_features:
        raise ContractError(
            "no feature is left for a request: every one is train_only; drop that of one which is "
            "known before the impression"
        )
    if scenario is not None:
        check_values(scenario.name, scenario.values, scenario=True)
    timestamp = contract.timestamp
    if timestamp is not None and timestamp.type != "int":
        raise ContractError(f"feature '{timestamp.name}' is the timestamp; make it INT")
    return contract


def _check_truths(contract: Contract) -> None:
    known = [output.name for output in contract.tasks.outputs]
    for column in contract.columns:
        output = column.tags.truth
        if output is None:
            continue
        if output not in known:
            raise ContractError(
                f"feature '{column.name}', tag 'truth:{output}': unknown output '{output}'; "
                f"{nearest(output, known)}"
            )
        # The last of several columns is the one that `truths` holds.
        if contract.truths[output] is not column:
            raise ContractError(
                f"two features are tagged 'truth:{output}': {column.name} and "
                f"{contract.truths[output].name}; keep one"
            )


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
      ContractError: the file is missing, no UTF-8, or can't be parsed.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ContractError(f"schema file {path} does not exist")
    content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ContractError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is no UTF-8; save the schema "
            "as UTF-8"
        ) from None
    return parse_schema(text, str(path))


def load_contract(path: str | pathlib.Path) -> Contract:
    """Loads and checks the contract in the file `path`; errors name the file."""
    schema = load_schema(path)
    try:
        return read_contract(schema)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from None
