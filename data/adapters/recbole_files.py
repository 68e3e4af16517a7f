"""Reads RecBole's atomic files: tab-separated, with the type in the column's name (`age:token`).

RecBole (Zhao et al., CIKM 2021, doi 10.1145/3459637.3482016) ships data sets in this form.
"""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterable

import pandas as pd

from common.errors import BadDataError
from data.adapters.csv_files import read_csv_file, refuse


def read_atomic_file(path: pathlib.Path, wanted: Iterable[str]) -> pd.DataFrame:
    """Reads one atomic file.

    Args:
      path: the file.
      wanted: columns that it must have and that no row may lack, with their types.

    Returns:
      The wanted columns as texts, without their types, and `file` and `line` of each row.

    Raises:
      BadDataError: the file is missing or can't be parsed, lacks a column, or lacks a value.
    """
    wanted = list(wanted)
    if not path.is_file():
        raise BadDataError(f"{path} does not exist; give a folder that holds {path.name}")
    # A quotation mark in a title is part of it, and "NA" would be a name.
    frame = read_csv_file(
        path, wanted, sep="\t", dtype=str, quoting=csv.QUOTE_NONE, keep_default_na=False,
        na_values=[""], index_col=False, skip_blank_lines=False, low_memory=False,
    )  # fmt: skip
    frame = frame[[*wanted, "file", "line"]]
    frame = frame.rename(columns={column: column.partition(":")[0] for column in wanted})
    for column in frame:
        refuse(frame, frame[column].isna(), column, "a value")
    return frame
