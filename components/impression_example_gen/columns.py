"""The contract's columns as Arrow arrays of exactly the type a tf.Example holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import Column, Contract
from schemas.errors import BadDataError

ARROW_TYPES = {"int": pa.int64(), "float": pa.float32(), "bytes": pa.binary()}
_UNITS = {1: "s", 1_000: "ms", 1_000_000: "us"}
_ACCEPTED = {
    "int": "an integer other than uint64, bool, or a float that holds whole numbers",
    "float": "a float, an integer or bool",
    "bytes": "string or binary",
}


@dataclasses.dataclass(frozen=True)
class Typed:
    """One column of a batch in the contract's type.

    Attributes:
      column: its contract.
      raw: as it was in the file, [N].
      array: int64, float32 or binary, [N]; null where the value is missing or unusable.
      unusable: bool [N], True where a value was there but has no place in the type (a
        fraction in an integer column, an infinite float); None where there is none.
    """

    column: Column
    raw: pa.Array
    array: pa.Array
    unusable: np.ndarray | None = None

    def filled(self) -> np.ndarray:
        """The values of a number column as numpy [N], 0 where missing."""
        array = self.array.fill_null(0) if self.array.null_count else self.array
        return array.to_numpy(zero_copy_only=False)


def check_schema(contract: Contract, schema: pa.Schema, source: str) -> None:
    """Checks that a file has the contract's columns in types that can be cast.

    Raises:
      BadDataError: naming the file, the columns, the type got and the types wanted.
    """
    wrong = []
    for column in contract.columns:
        found = schema.get_all_field_indices(column.name)
        if len(found) != 1:
            got = "is missing" if not found else f"is there {len(found)} times"
            wrong.append(f"column '{column.name}' {got}; wanted {_wanted(contract, column)}")
            continue
        got_type = _plain(schema.field(found[0]).type)
        if not _castable(contract, column, got_type):
            wrong.append(
                f"column '{column.name}' is {got_type}; wanted {_wanted(contract, column)}"
            )
    if wrong:
        raise BadDataError(
            f"{source} does not fit the schema:\n"
            + "\n".join(f"  {line}" for line in wrong)
            + "\nWrite the file with these columns, or change the schema"
        )


def typed(contract: Contract, column: Column, raw: pa.Array) -> Typed:
    """Casts one column of a batch; see `Typed`. `check_schema` must have accepted its type."""
    array = raw.dictionary_decode() if isinstance(raw, pa.DictionaryArray) else raw
    target = ARROW_TYPES[column.type]
    if pa.types.is_timestamp(array.type):
        unit = _UNITS[contract.timestamp.tags.ticks_per_second]
        array = array.cast(pa.timestamp(unit, array.type.tz), safe=False)
    if not pa.types.is_floating(array.type):
        # A float32 rounds large integers; Arrow's safe cast would refuse them instead.
        exact = column.type != "float"
        return Typed(column, raw, array if array.type == target else array.cast(target, exact))
    if array.type == pa.float16():  # Arrow can't cast it.
        wide = array.to_numpy(zero_copy_only=False).astype(np.float32)
        array = pa.array(wide, mask=array.is_null().to_numpy(zero_copy_only=False))
    # pandas writes missing numbers as NaN; here missing is null.
    missing = pc.is_null(array, nan_is_null=True)
    if column.type == "float":
        array = array if array.type == target else array.cast(target)
        usable = pc.is_finite(array)
    else:
        # Beyond 2**53 a double can't tell neighbouring integers apart.
        usable = pc.and_(
            pc.equal(array, pc.trunc(array)), pc.less_equal(pc.abs(array), float(2**53))
        )
    kept = pc.and_(pc.invert(missing), pc.fill_null(usable, False))
    unusable = pc.and_(pc.invert(missing), pc.invert(pc.fill_null(usable, False)))
    if pc.all(kept).as_py() is False:
        array = pc.if_else(kept, array, pa.scalar(None, array.type))
    return Typed(
        column,
        raw,
        array if array.type == target else array.cast(target),
        unusable.to_numpy(zero_copy_only=False) if pc.any(unusable).as_py() else None,
    )


def _castable(contract: Contract, column: Column, got: pa.DataType) -> bool:
    types = pa.types
    if types.is_null(got):
        return not column.required
    if column.type == "bytes":
        return any(
            is_type(got)
            for is_type in (
                types.is_string,
                types.is_binary,
                types.is_large_string,
                types.is_large_binary,
                types.is_fixed_size_binary,
            )
        )
    if column.name == contract.timestamp.name and types.is_timestamp(got):
        return True
    fits = types.is_integer(got) and got != pa.uint64()
    return fits or types.is_boolean(got) or types.is_floating(got)


def _plain(got: pa.DataType) -> pa.DataType:
    return got.value_type if pa.types.is_dictionary(got) else got


def _wanted(contract: Contract, column: Column) -> str:
    accepted = _ACCEPTED[column.type]
    if column.name == contract.timestamp.name:
        accepted = f"a timestamp, or {accepted}"
    return f"{column.type.upper()} ({accepted})"
