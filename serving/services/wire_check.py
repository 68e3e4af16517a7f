"""Counts what is in a PredictRequest's bytes before protobuf makes objects of it.

An empty message takes two bytes on the wire and a hundred in memory while it is read: 16 MiB of
dimensions, or of inputs, take more than 1 GB. Here they are counted in the bytes themselves.

Every field is counted against a limit, so that the count itself takes little time: what clients
send has few fields, but for strings, which have a short way.
"""

from __future__ import annotations

from collections.abc import Iterator

from serving.errors import TensorError
from serving.limits import Limits

SMALL_BYTES = 2**16
"""Smaller messages are not worth the time."""

# Of a request, all of its tensors together: more than any signature has.
_MOST_PARTS = 30_000
_MOST_UNPACKED = 100_000
_MOST_SHAPE_BYTES = 2**16
_MOST_SPEC_BYTES = 2**16

_INPUTS, _OUTPUT_FILTER = 2, 3
_VALUE = 2
_SHAPE, _STRING_VAL, _RESOURCE_VAL, _VARIANT_VAL = 2, 8, 14, 15
_VARINT_VALS = (7, 10, 11, 13, 16, 17)
_NUMBER_VALS = (5, 6, 9, 12, *_VARINT_VALS)
_LONGEST_NUMBER = 10
_CONTINUED = bytes(range(128, 256))

_LENGTH_DELIMITED = 2
_FIXED_SIZES = {1: 8, 5: 4}
_GROUPS = (3, 4)
_STRING_TAG = _STRING_VAL << 3 | _LENGTH_DELIMITED
_SHORT = 127
"""The longest string whose length is one byte."""


def check(body: bytes, limits: Limits) -> None:
    """Refuses a message whose objects would take far more memory than its bytes.

    What is no message at all is left to protobuf.

    Raises:
      TensorError: more values than `limits.elements`, more inputs, outputs or dimensions than any
        signature has, or something that no tensor of a signature holds.
    """
    if len(body) > SMALL_BYTES:
        _Counter(limits.elements).read(body)


class _Counter:
    def __init__(self, values_left: int) -> None:
        self._values_left = values_left
        self._unpacked_left = _MOST_UNPACKED
        self._parts_left = _MOST_PARTS
        self._shape_bytes_left = _MOST_SHAPE_BYTES

    def read(self, body: bytes) -> None:
        for field, kind, start, end in _fields(body, 0, len(body)):
            self._count_part()
            if kind != _LENGTH_DELIMITED:
                continue
            if field == _INPUTS:
                self._read_input(body, start, end)
            elif field != _OUTPUT_FILTER and end - start > _MOST_SPEC_BYTES:
                raise TensorError(f"the model spec takes {end - start} bytes")

    def _read_input(self, body: bytes, start: int, end: int) -> None:
        for field, kind, first, last in _fields(body, start, end):
            self._count_part()
            if field == _VALUE and kind == _LENGTH_DELIMITED:
                self._read_tensor(body[first:last])

    def _read_tensor(self, tensor: bytes) -> None:
        start, end = 0, len(tensor)
        while start < end:
            count, start = _pass_short_strings(tensor, start, self._values_left)
            self._count_values(count)
            if start < end:
                field, kind, first, start = _field(tensor, start, end)
                if kind == _LENGTH_DELIMITED:
                    self._read_field(tensor, field, first, start)
                else:
                    self._read_number(field)

    def _read_number(self, field: int) -> None:
        if field not in _NUMBER_VALS:
            self._count_part()
            return
        self._count_values(1)
        self._unpacked_left -= 1
        if self._unpacked_left < 0:
            raise TensorError(
                f"the request has more than {_MOST_UNPACKED} numbers in fields of their own; send "
                "them packed, or in tensor_content"
            )

    def _read_field(self, tensor: bytes, field: int, start: int, end: int) -> None:
        if field == _STRING_VAL and end - start > _SHORT:
            self._count_values(1)
            return
        # A short string too: no client writes its tag or length in more bytes than it needs.
        self._count_part()
        if field == _SHAPE:
            self._shape_bytes_left -= end - start
            if self._shape_bytes_left < 0:
                raise TensorError("the request's shapes have too many dimensions")
        elif field == _STRING_VAL:
            self._count_values(1)
        elif field in _VARINT_VALS:
            # A number's last byte is below 128, all others are above.
            self._count_values(len(tensor[start:end].translate(None, _CONTINUED)))
        elif field in (_RESOURCE_VAL, _VARIANT_VAL):
            raise TensorError("resources and variants can't be read")

    def _count_part(self) -> None:
        self._parts_left -= 1
        if self._parts_left < 0:
            raise TensorError(f"the request has more than {_MOST_PARTS} inputs, outputs and fields")

    def _count_values(self, count: int) -> None:
        self._values_left -= count
        if self._values_left < 0:
            raise TensorError("the request has more values than this server takes (--max-elements)")


def _pass_short_strings(tensor: bytes, start: int, most: int) -> tuple[int, int]:
    """How many values of `string_val` below 128 bytes begin at `start`, and where they end.

    There may be millions: this is what takes the time. It stops after more than `most`.
    """
    count, end, before, tag, longest = 0, start, start, _STRING_TAG, _SHORT
    try:
        for count in range(most + 1):
            if tensor[end] != tag:
                return count, end
            length = tensor[end + 1]
            if length > longest:
                return count, end
            before = end
            end += 2 + length
    except IndexError:
        # The last one may be cut off.
        return (count, end) if end <= len(tensor) else (count - 1, before)
    return most + 1, end


def _fields(body: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields what `_field` returns, field by field."""
    while start < end:
        field, kind, first, start = _field(body, start, end)
        yield field, kind, first, start


def _field(body: bytes, start: int, end: int) -> tuple[int, int, int, int]:
    """The number and kind of the field at `start`, and where its content begins and ends.

    Where bytes are cut off or make no sense, which protobuf refuses, it is 0, 0, and ends at `end`.
    """
    tag, start = _number(body, start, end)
    field, kind = tag >> 3, tag & 7
    if kind == _LENGTH_DELIMITED:
        length, start = _number(body, start, end)
        if start + length <= end:
            return field, kind, start, start + length
    elif kind == 0:
        return field, kind, start, _skip_number(body, start, end)
    elif kind in _FIXED_SIZES:
        return field, kind, start, start + _FIXED_SIZES[kind]
    elif kind in _GROUPS:
        raise TensorError("groups of fields can't be read")
    return 0, 0, start, end


def _number(body: bytes, start: int, end: int) -> tuple[int, int]:
    """The tag or length at `start`, and where it ends; `end` where it has no end.

    Raises:
      TensorError: it does not fit in 32 bits. protobuf would cut some of those.
    """
    number = 0
    for position, byte in enumerate(body[start : min(end, start + _LONGEST_NUMBER)]):
        number |= (byte & 127) << 7 * position
        if number >> 32:
            raise TensorError("a field's tag or length has more than 32 bits")
        if byte < 128:
            return number, start + position + 1
    return number, end


def _skip_number(body: bytes, start: int, end: int) -> int:
    """Where the number at `start` ends; `end` where it has more bytes than protobuf's."""
    for position in range(start, min(end, start + _LONGEST_NUMBER)):
        if body[position] < 128:
            return position + 1
    return end
