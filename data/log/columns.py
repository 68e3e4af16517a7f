"""The contract's columns as Arrow arrays of exactly the type a tf.Example holds."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from common.errors import BadDataError
from data.log.casting import lists
from data.log.casting.values import cast
from data.log.lists import list_texts
from data.log.user_ids import known_users
from schemas.column import Column
from schemas.contract import Contract
from schemas.treatments import Vector

_ACCEPTED = {
    "int": "an integer, bool, or a float that holds whole numbers",
    "float": "a float, an integer or bool",
    "bytes": "string or binary, or an integer, bool or float that holds whole numbers",
}


@dataclasses.dataclass(frozen=True)
class Typed:
    """One column of a batch in the contract's type.

    Attributes:
      column: its contract.
      raw: as it was in the file, [N].
      array: int64, float32 or binary, [N], or lists of them; null where the value is missing
        or unusable.
      broken: reason -> bool [N], True where a value was there but has no place in the type
        (a fraction in an integer column, two values where one belongs); only reasons that
        some row has.
    """

    column: Column
    raw: pa.Array
    array: pa.Array
    broken: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def filled(self) -> np.ndarray:
        """The values of a number column as numpy [N], 0 where missing."""
        array = self.array.fill_null(0) if self.array.null_count else self.array
        return array.to_numpy(zero_copy_only=False)


def typed(contract: Contract, column: Column, raw: pa.Array) -> Typed:
    """Casts one column of a batch; see `Typed`. `check_schema` must have accepted its type.

    A text that is empty or blank is no user: it is missing in the contract's user_id column.
    """
    found = _typed(contract, column, raw)
    if column == contract.user_id:
        return dataclasses.replace(found, array=known_users(found.array))
    return found


def _typed(contract: Contract, column: Column, raw: pa.Array) -> Typed:
    ticks_per_second = column.tags.ticks_per_second if column == contract.timestamp else None
    if column.ragged:
        return _typed_list(contract, column, raw)
    if not lists.is_list(raw.type):
        return Typed(column, raw, *cast(raw, column.type, ticks_per_second))
    single, several = lists.first_values(raw)
    array, broken = cast(single, column.type, ticks_per_second)
    return Typed(
        column, raw, array, broken if several is None else {"several_values": several, **broken}
    )


def _typed_list(contract: Contract, column: Column, raw: pa.Array) -> Typed:
    text = list_texts.text_of(contract, column)
    found, unsplit = raw, dict[str, np.ndarray]()
    if text is not None and list_texts.is_text(raw.type):
        found, unsplit = list_texts.split_texts(raw, text, column.type)
    array, broken = lists.cast_each(found, column.type)
    if isinstance(column.list_treatment, Vector):
        array = lists.empty_as_null(array)
    return Typed(column, raw, array, {**unsplit, **broken})


def check_schema(contract: Contract, schema: pa.Schema, source: str, untyped: bool = False) -> None:
    """Checks that a file has the contract's columns in types that can be cast.

    Args:
      contract: the data contract.
      schema: of the file.
      source: the file's name in errors.
      untyped: True where the file holds text, in which numbers are looked for row by row.

    Raises:
      BadDataError: naming the file, the columns, the type got and the types wanted.
    """
    wrong = []
    for column in contract.columns:
        found = schema.get_all_field_indices(column.name)
        if len(found) != 1:
            got = f"is there {len(found)} times" if found else f"is missing{_near(column, schema)}"
            wrong.append(f"column '{column.name}' {got}; wanted {_wanted(contract, column)}")
            continue
        got_type = _plain(schema.field(found[0]).type)
        if column.ragged and list_texts.is_text(got_type):
            if list_texts.text_of(contract, column) is None:
                wrong.append(list_texts.unsaid(contract, column))
            continue
        if not untyped and not _castable(contract, column, got_type):
            wrong.append(
                f"column '{column.name}' is {got_type}; wanted {_wanted(contract, column)}"
                f"{_nested(got_type)}"
            )
    if wrong:
        raise BadDataError(
            f"{source} does not fit the schema:\n"
            + "\n".join(f"  {line}" for line in wrong)
            + "\nWrite the file with these columns, or change the schema"
        )


def _near(column: Column, schema: pa.Schema) -> str:
    close = difflib.get_close_matches(column.name, schema.names, n=1)
    return f" (there is '{close[0]}')" if close else ""


def _castable(contract: Contract, column: Column, got: pa.DataType) -> bool:
    types = pa.types
    if column.ragged:
        if not lists.is_list(got):
            return types.is_null(got) and not column.required
        return _value_castable(column, _plain(got.value_type)) or types.is_null(got.value_type)
    # A format of lists only has one with a single value for what is no list.
    value = _plain(got.value_type) if lists.is_list(got) else got
    if types.is_null(value):
        return not column.required
    if column == contract.timestamp and types.is_timestamp(value):
        return True
    return _value_castable(column, value)


def _value_castable(column: Column, got: pa.DataType) -> bool:
    types = pa.types
    number = types.is_integer(got) or types.is_boolean(got) or types.is_floating(got)
    if column.type != "bytes":
        return number
    text = (
        types.is_string,
        types.is_binary,
        types.is_large_string,
        types.is_large_binary,
        types.is_fixed_size_binary,
    )
    return number or any(is_type(got) for is_type in text)


def _nested(got: pa.DataType) -> str:
    """What to do with lists of lists."""
    nested = lists.is_list(got) and lists.is_list(got.value_type)
    return ": lists are nested, flatten them to one list a row" if nested else ""


def _plain(got: pa.DataType) -> pa.DataType:
    return got.value_type if pa.types.is_dictionary(got) else got


def _wanted(contract: Contract, column: Column) -> str:
    accepted = _ACCEPTED[column.type]
    if column == contract.timestamp:
        accepted = f"a timestamp, or {accepted}"
    if column.ragged:
        accepted = f"a list of {accepted}"
    return f"{column.type.upper()} ({accepted})"
