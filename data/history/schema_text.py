"""A schema's text with the lists of a history added."""

from __future__ import annotations

import pathlib

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from data.history.config import HistoryConfig
from data.history.log_plan import plan_of_log
from data.history.plan import ACTION, GAP, HistoryPlan, is_number
from schemas.column import Column
from schemas.contract import load_contract, load_schema_text, parse_schema, read_contract
from schemas.tags import Numeric

_TYPES = {"int": schema_pb2.INT, "float": schema_pb2.FLOAT, "bytes": schema_pb2.BYTES}


def with_histories(text: str, plan: HistoryPlan) -> str:
    """Returns a schema's text, as it is, with one feature more for each list.

    Args:
      text: of the plan's contract.
      plan: the history.

    Raises:
      ContractError: the lists do not fit what the schema has.
    """
    config = plan.config
    added = schema_pb2.Schema()
    in_group = f"length={config.length},group={config.group}"
    for column in plan.values:
        feature = _add(added, plan.name(column.name), column.type)
        feature.annotation.tag.append(f"sequence:{_table(column, config.buckets)}{in_group}")
    action = _add(added, plan.name(ACTION), "bytes")
    action.string_domain.value.extend(config.events)
    action.annotation.tag.append(f"sequence:{in_group}")
    gap = _add(added, plan.name(GAP), "int")
    gap.annotation.tag.append(f"sequence:buckets={config.buckets},{in_group}")
    whole = (
        f"{text.rstrip()}\n\n{_comment(config)}\n{text_format.MessageToString(added, as_utf8=True)}"
    )
    read_contract(parse_schema(whole))
    return whole


def schema_of_log(schema_path: str | pathlib.Path, config: HistoryConfig, log: str) -> str:
    """The schema's text of a log that was written with histories.

    Args:
      schema_path: the schema of the log without them.
      config: what they hold.
      log: the folder of spans.

    Raises:
      ContractError, SettingsError, BadDataError: see `load_schema_text`, `plan_of_log`.
    """
    text = load_schema_text(schema_path)
    return with_histories(text, plan_of_log(load_contract(schema_path), config, log))


def _comment(config: HistoryConfig) -> str:
    """What the lists hold: all settings, so that equal texts are of equal histories."""
    scenarios = "of all scenarios" if config.scenario == "all" else "of the row's own scenario"
    age = f", at least {config.delay} seconds old" if config.delay else ""
    return (
        f"# What the user did before ({', '.join(config.events)}), {scenarios}{age}: oldest first, "
        "gaps in\n# whole seconds, as `polyrank data history` writes them."
    )


def _add(schema: schema_pb2.Schema, name: str, kind: str) -> schema_pb2.Feature:
    feature = schema.feature.add(name=name, type=_TYPES[kind])
    feature.value_count.min = 0
    feature.annotation.tag.append("user")
    return feature


def _table(column: Column, buckets: int) -> str:
    """How its values become indices: a number's by quantiles, a field's as that field's."""
    if is_number(column):
        own = column.treatment.buckets if isinstance(column.treatment, Numeric) else 0
        return f"buckets={own or buckets},"
    return f"of={column.name}," if column.treatment is not None else ""
