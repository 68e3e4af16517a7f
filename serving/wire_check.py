"""Counts what is in a PredictRequest's bytes before protobuf makes objects of it.

An empty message takes two bytes on the wire and a hundred in memory while it is read: 16 MiB of
dimensions, or of inputs, take more than 1 GB. Here they are counted in the bytes themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from serving.errors import TensorError
from serving.limits import Limits

SMALL_BYTES = 2**20
"""Smaller messages are not worth the time."""

# Parts of a request, all of its tensors together: more than any signature has.
_MOST_PARTS = 10_000
_MOST_SHAPE_BYTES = 2**18
_MOST_SPEC_BYTES = 2**16

_INPUTS, _OUTPUT_FILTER = 2, 3
_VALUE = 2
_SHAPE, _STRING_VAL, _RESOURCE_VAL, _VARIANT_VAL = 2, 8, 14, 15
_VARINT_VALS = (7, 10, 11, 13, 16, 17)
_LONGEST_NUMBER = 10
_CONTINUED = bytes(range(128, 256))

_LENGTH_DELIMITED = 2
_FIXED_SIZES = {1: 8, 5: 4}
_GROUPS = (3, 4)
_STRING_TAG = _STRING_VAL << 3 | _LENGTH_DELIMITED


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
        self._parts_left = _MOST_PARTS
        self._shape_bytes_left = _MOST_SHAPE_BYTES

    def read(self, body: bytes) -> None:
        for field, start, end in _fields(body, 0, len(body)):
            self._count_part()
            if field == _INPUTS:
                for part, first, last in _fields(body, start, end):
                    self._count_part()
                    if part == _VALUE:
                        self._read_tensor(body, first, last)
            elif field != _OUTPUT_FILTER and end - start > _MOST_SPEC_BYTES:
                raise TensorError(f"the model spec takes {end - start} bytes")

    def _read_tensor(self, body: bytes, start: int, end: int) -> None:
        while start < end:
            count, start = _pass_short_strings(body, start, end)
            self._count_values(count)
            field, first, start = _field(body, start, end)
            if field == _STRING_VAL:
                self._count_values(1)
            elif field:
                self._read_field(body, field, first, start)

    def _read_field(self, body: bytes, field: int, start: int, end: int) -> None:
        self._count_part()
        if field == _SHAPE:
            self._shape_bytes_left -= end - start
            if self._shape_bytes_left < 0:
                raise TensorError("the request's shapes have too many dimensions")
        elif field in _VARINT_VALS:
            # A number's last byte is below 128, all others are above.
            self._count_values(len(body[start:end].translate(None, _CONTINUED)))
        elif field in (_RESOURCE_VAL, _VARIANT_VAL):
            raise TensorError("resources and variants can't be read")

    def _count_part(self) -> None:
        self._parts_left -= 1
        if self._parts_left < 0:
            raise TensorError(f"the request has more than {_MOST_PARTS} inputs and outputs")

    def _count_values(self, count: int) -> None:
        self._values_left -= count
        if self._values_left < 0:
            raise TensorError("the request has more values than this server takes (--max-elements)")


def _pass_short_strings(body: bytes, start: int, end: int) -> tuple[int, int]:
    """How many values of `string_val` below 128 bytes begin at `start`, and where they end.

    There may be millions: this is what takes the time.
    """
    count = 0
    while start + 1 < end and body[start] == _STRING_TAG:
        length = body[start + 1]
        if length > 127 or start + 2 + length > end:
            break
        start += 2 + length
        count += 1
    return count, start


def _fields(body: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yields number, start and end of each length-delimited field."""
    while start < end:
        field, first, start = _field(body, start, end)
        if field:
            yield field, first, start


def _field(body: bytes, start: int, end: int) -> tuple[int, int, int]:
    """The number, start and end of the field at `start`.

    The number is 0 where it is not length-delimited. Where bytes are cut off or make no sense,
    which protobuf refuses, it ends at `end`.
    """
    tag, start = _number(body, start, end)
    kind = tag & 7
    if kind == _LENGTH_DELIMITED:
        length, start = _number(body, start, end)
        return (tag >> 3, start, start + length) if start + length <= end else (0, start, end)
    if kind == 0:
        return 0, start, _number(body, start, end)[1]
    if kind in _GROUPS:
        raise TensorError("groups of fields can't be read")
    return 0, start, start + _FIXED_SIZES.get(kind, end)


def _number(body: bytes, start: int, end: int) -> tuple[int, int]:
    """The number at `start`, and where it ends; `end` where it has more bytes than protobuf's."""
    number = 0
    for position, byte in enumerate(body[start : min(end, start + _LONGEST_NUMBER)]):
        number |= (byte & 127) << 7 * position
        if byte < 128:
            return number, start + position + 1
    return number, end
