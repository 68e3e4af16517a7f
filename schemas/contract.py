"""The data contract: a tagged tensorflow_metadata Schema as typed columns.

Everything downstream derives from it: Transform's treatment of a column, the
model's inputs and outputs, the labels and slices of the Evaluator, the serving
signature, and the columns that a generator writes.
"""

from __future__ import annotations

import pathlib

from tensorflow_metadata.proto.v0 import schema_pb2

from common.suggestions import nearest

# Named twice, so that whoever reads a contract finds all that belongs to one here too.
from schemas.column import Column as Column
from schemas.column import ColumnType as ColumnType
from schemas.column import read_column
from schemas.contract_columns import ONLY_SCENARIO as ONLY_SCENARIO
from schemas.contract_columns import Contract as Contract
from schemas.graph_names import graph_names
from schemas.list_columns import check_lists
from schemas.schema_text import load_schema as load_schema
from schemas.schema_text import parse_schema as parse_schema
from schemas.tags import Categorical, ContractError, Id, Numeric
from schemas.task_graph import Label, sorted_by_parents
from schemas.usable_text import check_feature_names, check_values


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


def load_schema_text(path: str | pathlib.Path) -> str:
    """Loads a schema's text and checks it.

    Raises:
      ContractError: the file is missing, can't be parsed, or is no contract; names the file.
    """
    path = pathlib.Path(path)
    load_contract(path)
    return path.read_text(encoding="utf-8")


def load_contract(path: str | pathlib.Path) -> Contract:
    """Loads and checks the contract in the file `path`; errors name the file."""
    schema = load_schema(path)
    try:
        return read_contract(schema)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from None
