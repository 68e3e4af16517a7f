"""Texts that hold lists, split a column at a time."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.lists import list_array, list_lengths
from data.log.casting.text_numbers import MISSING
from data.log.casting.values import Broken, without
from data.log.lists.json_texts import split_json
from schemas.column import Column
from schemas.column_type import ColumnType
from schemas.contract import Contract
from schemas.treatments import KINDS, MultiValue, Text

_DELIMITERS = {"pipe": "|", "comma": ",", "semicolon": ";", "tab": "\t"}
_AROUND = " \t\r\n"


def is_text(kind: pa.DataType) -> bool:
    """Says whether values are texts or bytes, which may hold lists."""
    types = pa.types
    if types.is_dictionary(kind):
        return is_text(kind.value_type)
    text = types.is_string(kind) or types.is_large_string(kind)
    return text or types.is_binary(kind) or types.is_large_binary(kind)


def text_of(contract: Contract, column: Column) -> Text | None:
    """Returns how texts hold the lists of a column; None where the schema does not say.

    Weights have no tag: their texts are split as those of the column that they weigh.
    """
    if column.list_treatment is not None:
        return column.list_treatment.text
    weighed = (x.list_treatment for x in contract.list_features if _weights(x) == column.name)
    return next((x.text for x in weighed if x is not None and x.text is not None), None)


def unsaid(contract: Contract, column: Column) -> str:
    """Says of a column of texts that the schema does not say how they hold lists."""
    where = f"column '{column.name}' is a list by the schema and text in the file"
    ways = ", ".join(get_args(Text))
    treatment = column.list_treatment
    if treatment is not None:
        tag = next(name for name, made in KINDS.items() if type(treatment) is made)
        return (
            f"{where}: add to its tag '{tag}' how the text holds the list ('text=json', or another "
            f"of {ways}), or deliver lists, in Parquet or TFRecord"
        )
    weighed = next((x.name for x in contract.list_features if _weights(x) == column.name), None)
    if weighed is not None:
        return (
            f"{where}: it is split as '{weighed}', which it weighs, so add 'text=json' (or another "
            f"of {ways}) to the tag of '{weighed}', or deliver lists, in Parquet or TFRecord"
        )
    return (
        f"{where}: only lists that are tagged 'sequence', 'multi_value' or 'vector' are read from "
        "text; tag it, deliver lists in Parquet or TFRecord, or take it out of the schema"
    )


def _weights(column: Column) -> str | None:
    """The name of the column with the weights of a column's values."""
    treatment = column.list_treatment
    return treatment.weights if isinstance(treatment, MultiValue) else None


def split_texts(array: pa.Array, how: Text, kind: ColumnType) -> tuple[pa.Array, Broken]:
    """Splits texts into lists of texts.

    Args:
      array: texts [N] that `is_text` accepts.
      how: they hold lists.
      kind: the contract's type of the values.

    Returns:
      Lists [N] of binary, null where a text is missing, empty, an empty list or none; and which
      rows hold no list. A value that is missing (`a||b`, JSON's `null`) is null in its list.
    """
    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary_decode()
    array = array.cast(pa.binary())
    return split_json(array, kind) if how == "json" else (_split(array, how, kind), {})


def _split(array: pa.Array, how: Text, kind: ColumnType) -> pa.Array:
    # Neither trimming nor splitting looks at more than ASCII: what is no UTF-8 is found later.
    # A tab at an end is a missing value where tabs are the delimiter.
    around = _AROUND.replace("\t", "") if how == "tab" else _AROUND
    texts = pc.ascii_trim(array.view(pa.string()), around)
    empty = pc.is_in(
        pc.ascii_lower(texts) if kind != "bytes" else texts,
        value_set=pa.array([*(MISSING if kind != "bytes" else ("",)), "[]"]),
    )
    texts = without(texts, empty)
    if how == "space":
        found = pc.ascii_split_whitespace(texts)
    else:
        found = pc.split_pattern(texts, _DELIMITERS[how])
    values = pc.ascii_trim_whitespace(found.flatten())
    values = without(values, pc.equal(values, ""))
    lengths = list_lengths(found)
    absent = found.is_null().to_numpy(zero_copy_only=False)
    return list_array(lengths, absent, values.view(pa.binary()))
