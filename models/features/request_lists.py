"""How a list comes in a request: padded to L places, with how many of them are values.

A model server batches requests along their first dimension and wants all inputs to have one size
there, so that a list can't come flat.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from models.features.kept_values import kept_values, row_lengths
from schemas.column import Column
from schemas.contract import Contract
from schemas.list_columns import length_name
from schemas.tags import MultiValue, Vector


@dataclasses.dataclass(frozen=True)
class RequestList:
    """One column of lists.

    Attributes:
      column: the column; its values are the input of its graph name, [B, L].
      length: L; of a vector its `dim`.
      lengths: the input with how many values every row has, int64 [B]; all columns that are
        aligned with this one share it. None of a vector.
      newest: whether of a longer list the last values are kept, and not the first.
    """

    column: Column
    length: int
    lengths: str | None = None
    newest: bool = True


def request_lists(contract: Contract) -> tuple[RequestList, ...]:
    """Returns how every list is sent, in the order of `Contract.list_columns`."""
    found: dict[str, RequestList] = {}
    for group in contract.sequence_groups:
        for column in group.columns:
            found[column.name] = RequestList(column, group.length, group.length_input)
    for column in contract.list_features:
        treatment = column.list_treatment
        if isinstance(treatment, Vector):
            found[column.name] = RequestList(column, treatment.dim)
        elif isinstance(treatment, MultiValue):
            lengths = length_name(column.graph_name)
            aligned = [column]
            if treatment.weights is not None:
                aligned.append(contract.column(treatment.weights))
            for each in aligned:
                found[each.name] = RequestList(each, treatment.length, lengths, newest=False)
    return tuple(found[column.name] for column in contract.list_columns)


def raw_lists(contract: Contract, inputs: Mapping[str, tf.Tensor]) -> dict[str, Any]:
    """Turns a request's lists to raw columns.

    Args:
      contract: the data contract.
      inputs: the values [B, L] by graph name, and the lengths [B]. What is behind a row's last
        value is not read; a length outside [0, L] is taken as the nearest that is inside. A
        vector with a NaN is missing.

    Returns:
      Column -> SparseTensor [B, L]; [B, dim] of a vector that every row has. To read it raises
      tf.errors.InvalidArgumentError where values and lengths have different numbers of rows.
    """
    return {
        each.column.name: _raw(each, inputs[each.column.graph_name], inputs)
        for each in request_lists(contract)
    }


def _raw(each: RequestList, values: tf.Tensor, inputs: Mapping[str, tf.Tensor]) -> Any:
    if each.lengths is not None:
        there = _there(each, values, inputs[each.lengths])
    elif each.column.required:
        return values
    else:
        has_vector = tf.reduce_all(tf.logical_not(tf.math.is_nan(values)), axis=1, keepdims=True)
        there = tf.logical_and(has_vector, tf.ones_like(values, tf.bool))
    return tf.SparseTensor(
        tf.where(there), tf.boolean_mask(values, there), tf.shape(values, tf.int64)
    )


def _there(each: RequestList, values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Where values [B, L] are no padding; bool [B, L]."""
    # Not every server compares the rows of inputs; a list without a length would count as empty.
    fits = tf.debugging.Assert(
        tf.equal(tf.shape(values)[0], tf.shape(lengths)[0]),
        [f"the inputs '{each.column.graph_name}' and '{each.lengths}' need equally many rows"],
    )
    with tf.control_dependencies([fits] if fits is not None else []):
        return tf.sequence_mask(tf.clip_by_value(lengths, 0, each.length), each.length)


def padded_lists(contract: Contract, columns: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Turns parsed columns to a request's inputs: the opposite of `raw_lists`.

    Args:
      contract: the data contract.
      columns: what `raw_feature_spec` parsed.

    Returns:
      The values [B, L] by graph name, 0, "" or (of a missing vector) NaN where there is none, and
      the lengths [B].
    """
    inputs = {}
    for each in request_lists(contract):
        name, raw = each.column.graph_name, columns[each.column.name]
        if not isinstance(raw, tf.SparseTensor):
            inputs[name] = raw
            continue
        kept = kept_values(raw, each.length, each.newest)
        size = tf.stack([raw.dense_shape[0], tf.constant(each.length, tf.int64)])
        cut = tf.SparseTensor(kept.positions, kept.values, size)
        if each.lengths is None:
            inputs[name] = tf.sparse.to_dense(cut, float("nan"))
        else:
            inputs[name] = tf.sparse.to_dense(cut)
            inputs[each.lengths] = kept.lengths
    return inputs


def checked_lists(contract: Contract, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Adds to parsed columns the checks that their lists fit one another.

    Args:
      contract: the data contract.
      columns: what `raw_feature_spec` parsed.

    Returns:
      The columns. To read them raises tf.errors.InvalidArgumentError where lists that are aligned
      have different lengths in a row, or a vector has other than `dim` numbers.
    """
    checks: list[Any] = []
    first: dict[str, tuple[str, tf.Tensor]] = {}
    for each in request_lists(contract):
        name, raw = each.column.name, columns[each.column.name]
        if not isinstance(raw, tf.SparseTensor):
            continue
        lengths = row_lengths(raw)
        if each.lengths is None:
            fits = tf.logical_or(lengths == 0, lengths == each.length)
            message = f"the vector '{name}' needs {each.length} numbers in a row, or none"
        else:
            first_name, first_lengths = first.setdefault(each.lengths, (name, lengths))
            if first_name == name:
                continue
            fits = lengths == first_lengths
            message = f"'{first_name}' and '{name}' need equally many values in a row"
        checks.append(tf.debugging.Assert(tf.reduce_all(fits), [message]))
    if not checks:
        return dict(columns)
    with tf.control_dependencies([check for check in checks if check is not None]):
        return {
            name: tf.nest.map_structure(tf.identity, raw, expand_composites=True)
            for name, raw in columns.items()
        }
