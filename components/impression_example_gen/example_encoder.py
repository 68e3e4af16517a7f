"""Columns to serialized tf.Examples, a whole batch at a time.

Protocol buffers' own serializers write a map in an order that changes from run to run. Here
features come in the order of the columns, so that equal rows are equal bytes, and a missing
value is no feature at all.

The wire format of `Example { features { feature { key: name value { <kind>_list { value } } } } }`
with one value: five nested messages whose heads depend on the value's length only. All kinds
of list hold it alike, as field 1 with a length: a string as it is, numbers packed. Of several
strings each is such a field; several numbers are packed into one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_VALUE_TAG = b"\x0a"
_LIST_TAGS = {pa.binary(): b"\x0a", pa.float32(): b"\x12", pa.int64(): b"\x1a"}


def encode(columns: Mapping[str, pa.Array]) -> np.ndarray:
    """Serializes rows.

    Args:
      columns: int64, float32 or binary arrays by name, or lists of these, each [N], N > 0;
        null is missing, and not the same as an empty list.

    Returns:
      The serialized tf.Examples, bytes objects [N].
    """
    parts: list[pa.Array] = []
    sizes = np.zeros(len(next(iter(columns.values()))), np.int64)
    for name, array in columns.items():
        kind = array.type
        if pa.types.is_list(kind):
            kind = kind.value_type
            payload, lengths = _list_payload(array)
            # Strings in a list have brought their own field tags.
            tag = b"" if kind == pa.binary() else _VALUE_TAG
        else:
            payload, lengths = _payload(array)
            tag = _VALUE_TAG
        head = functools.partial(_feature_head, name.encode(), _LIST_TAGS[kind], tag)
        heads, head_sizes = _heads(lengths, head)
        parts += [heads, payload]
        sizes = sizes + head_sizes + np.maximum(lengths, 0)
    outer, _ = _heads(sizes, lambda size: b"\x0a" + _varint(size))
    examples = pc.binary_join_element_wise(outer, *parts, pa.scalar(b"", pa.binary()))
    return examples.to_numpy(zero_copy_only=False)


def _payload(array: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Returns the bytes of each value, binary [N], and their lengths [N], -1 where missing."""
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    present = array.drop_null() if array.null_count else array
    if array.type == pa.binary():
        filled = array.fill_null(b"") if array.null_count else array
        lengths = pc.binary_length(filled).to_numpy(zero_copy_only=False).astype(np.int64)
        return filled, np.where(valid, lengths, -1)
    values = present.to_numpy(zero_copy_only=False)
    if array.type == pa.float32():
        data, present_lengths = values.astype("<f4"), np.full(len(values), 4)
    else:
        data, present_lengths = _varints(values)
    lengths = np.full(len(array), -1)
    lengths[valid] = present_lengths
    return _binary(pa.py_buffer(np.ascontiguousarray(data)), lengths), lengths


def _list_payload(array: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Returns the bytes of each list, binary [N], and their lengths [N], -1 where missing."""
    values, value_lengths = _payload(array.flatten())
    if array.type.value_type == pa.binary():
        heads, head_sizes = _heads(value_lengths, lambda size: _VALUE_TAG + _varint(size))
        values = pc.binary_join_element_wise(heads, values, pa.scalar(b"", pa.binary()))
        value_lengths = value_lengths + head_sizes
    counts = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(value_lengths)])[np.cumsum(counts)]
    lengths = np.diff(ends, prepend=0)
    lengths[array.is_null().to_numpy(zero_copy_only=False)] = -1
    return _binary(values.buffers()[2] or pa.py_buffer(b""), lengths), lengths


def _binary(data: pa.Buffer, lengths: np.ndarray) -> pa.Array:
    """Cuts bytes into binary [N] of these lengths; -1 counts as 0."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(np.maximum(lengths, 0), out=offsets[1:])
    return pa.Array.from_buffers(pa.binary(), len(lengths), [None, pa.py_buffer(offsets), data])


def _varints(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the base-128 varints of int64 values [N], end to end, and their lengths [N]."""
    rest = values.astype(np.int64).view(np.uint64)
    lengths = np.ones(len(rest), np.int64)
    for group in range(1, 10):
        longer = rest >= np.uint64(1 << (7 * group))
        if not longer.any():
            break
        lengths += longer
    position = np.arange(lengths.max(initial=1))
    shifts = (7 * position).astype(np.uint64)
    groups = ((rest[:, None] >> shifts) & np.uint64(0x7F)).astype(np.uint8)
    groups[position < lengths[:, None] - 1] |= 0x80
    return groups[position < lengths[:, None]], lengths


def _heads(lengths: np.ndarray, head: Callable[[int], bytes]) -> tuple[pa.Array, np.ndarray]:
    """Returns `head` of each length, binary [N], and its size [N]; nothing where it is -1."""
    # Lengths are few and small: count them instead of sorting them.
    distinct = np.flatnonzero(np.bincount(lengths + 1)) - 1
    position = np.zeros(distinct.max(initial=-1) + 2, np.int32)
    position[distinct + 1] = np.arange(len(distinct))
    which = position[lengths + 1]
    heads = [head(int(length)) if length >= 0 else b"" for length in distinct]
    sizes = np.array([len(one) for one in heads], np.int64)
    return pa.array(heads, pa.binary()).take(pa.array(which)), sizes[which]


@functools.lru_cache(maxsize=1 << 14)
def _feature_head(name: bytes, list_tag: bytes, value_tag: bytes, length: int) -> bytes:
    """Returns all that comes before a value of `length` bytes in the map entry `name`."""
    # An empty string is a value; no numbers are none.
    is_value = value_tag and (length or list_tag == _LIST_TAGS[pa.binary()])
    value = value_tag + _varint(length) if is_value else b""
    values = list_tag + _varint(len(value) + length) + value
    key = b"\x0a" + _varint(len(name)) + name
    entry = key + b"\x12" + _varint(len(values) + length) + values
    return b"\x0a" + _varint(len(entry) + length) + entry


def _varint(number: int) -> bytes:
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])
