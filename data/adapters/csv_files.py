"""Reads CSV files with errors that name the file, the line and the column."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from common.errors import BadDataError
from common.suggestions import nearest


def read_csv(
    folder: pathlib.Path, name: str, wanted: Iterable[str], texts: Iterable[str] = ()
) -> pd.DataFrame:
    """Reads all `<folder>/<name>.csv` and `.csv.gz` files, in the order of their names.

    Args:
      folder: where the files are.
      name: a glob pattern without the ending.
      wanted: columns that every file must have.
      texts: columns that stay text, even where every value looks like a number.

    Returns:
      All columns of all files, and `file` and `line` (the header is line 1) of each row.

    Raises:
      BadDataError: no such file, a file that can't be parsed, or one that lacks a column.
    """
    paths = sorted([*folder.glob(f"{name}.csv"), *folder.glob(f"{name}.csv.gz")])
    if not paths:
        raise BadDataError(f"{folder} holds no {name}.csv or {name}.csv.gz; give another folder")
    frames = []
    for path in paths:
        types = dict.fromkeys(texts, str)
        frames.append(read_csv_file(path, wanted, dtype=types, low_memory=False))
    return pd.concat(frames, ignore_index=True)


def read_csv_file(
    path: pathlib.Path, wanted: Iterable[str], header_lines: int = 1, **options: Any
) -> pd.DataFrame:
    """Reads one CSV file.

    Args:
      path: the file.
      wanted: columns that it must have.
      header_lines: number of lines before the first row.
      **options: of `pandas.read_csv`.

    Returns:
      All its columns, and `file` and `line` (from 1) of each row.

    Raises:
      BadDataError: the file can't be parsed, or lacks a column.
    """
    try:
        frame = pd.read_csv(path, **options)
    except (ValueError, OSError, EOFError, csv.Error) as error:
        raise BadDataError(f"{path} can't be read as CSV: {error}") from None
    for column in wanted:
        if column not in frame:
            raise BadDataError(
                f"{path} lacks the column '{column}'; {nearest(column, frame.columns)}"
            )
    frame["file"], frame["line"] = str(path), np.arange(len(frame)) + header_lines + 1
    return frame


def refuse(frame: pd.DataFrame, wrong: pd.Series, column: str, wanted: str) -> None:
    """Raises BadDataError at the first of the `wrong` rows of `read_csv`'s frame, if any."""
    if wrong.any():
        at = frame[wrong].iloc[0]
        value = "nothing" if pd.isna(at[column]) else f"'{at[column]}'"
        raise BadDataError(
            f"{at['file']}, line {at['line']}, column '{column}': got {value}; "
            f"want {wanted} ({int(wrong.sum())} such rows); mend or drop them"
        )


def whole_numbers(
    frame: pd.DataFrame, column: str, missing: int | None = None, optional: bool = False
) -> pd.Series:
    """A column of `read_csv`'s frame as whole numbers.

    Args:
      frame: with `file` and `line`.
      column: its name; a whole number may be written as a float (`3.0`).
      missing: stands in for missing values.
      optional: keeps missing values missing.

    Returns:
      Int64 (nullable) if `optional`, else int64.

    Raises:
      BadDataError: a value that is no whole number, or is missing and must not be.
    """
    values = frame[column]
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = values.notna() & (numbers.isna() | (numbers % 1 != 0))
    if missing is not None:
        numbers = numbers.fillna(missing)
    elif not optional:
        wrong |= values.isna()
    refuse(frame, wrong, column, "a whole number")
    return numbers.astype("Int64" if optional else "int64")


def finite_numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column of `read_csv`'s frame as float64; missing values stay missing.

    Raises:
      BadDataError: a value that is no number, or infinite.
    """
    values = frame[column]
    numbers = pd.to_numeric(values, errors="coerce")
    refuse(frame, values.notna() & ~np.isfinite(numbers), column, "a finite number")
    return numbers.astype("float64")
