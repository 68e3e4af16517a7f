"""MovieLens-1M in the protocol of published tables, as a log of ours.

The files are GroupLens' own: `users.dat`, `movies.dat` and `ratings.dat`. What the columns become,
and why a rating is no impression, is said in schemas/movielens_1m/README.md.
"""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

import schemas
from common.errors import BadDataError
from data.adapters.csv_files import read_csv_file, refuse, whole_numbers
from data.adapters.movielens import AGE_RANGES, SCENARIO_AGES, first_ages
from data.adapters.random_days import random_times
from data.adapters.ratings import check_ratings, with_tables
from data.log.arrow_schema import contract_table
from schemas.contract import load_contract

SCHEMA = pathlib.Path(schemas.__file__).parent / "movielens_1m" / "schema.pbtxt"

AGES = (1, *(age for age in AGE_RANGES if age))
"""What stands in the file for each of `AGE_RANGES`: its first age, and 1 for `under 18`."""


def _read_dat(path: pathlib.Path, names: Sequence[str]) -> pd.DataFrame:
    """Reads a file of `::` between fields and no header; all fields are texts and there."""
    if not path.is_file():
        raise BadDataError(f"{path} does not exist; give the folder of MovieLens-1M's .dat files")
    frame = read_csv_file(
        path, names, header_lines=0, sep="::", engine="python", header=None, names=list(names),
        dtype=str, encoding="latin-1", quoting=csv.QUOTE_NONE, keep_default_na=False,
        na_values=[""], index_col=False,
    )  # fmt: skip
    for name in names:
        refuse(frame, frame[name].isna(), name, "a value")
    return frame


def _read_users(path: pathlib.Path) -> pd.DataFrame:
    users = _read_dat(path, ("user_id", "gender", "age", "occupation", "zip_code"))
    for name in ("user_id", "age", "occupation"):
        users[name] = whole_numbers(users, name)
    refuse(users, users["user_id"].duplicated(), "user_id", "every user once")
    refuse(users, ~users["age"].isin(AGES), "age", f"one of {', '.join(map(str, AGES))}")
    scenarios = np.array(load_contract(SCHEMA).scenarios)
    users["scenario"] = scenarios[first_ages(users["age"], SCENARIO_AGES)]
    users["age_range"] = users["age"].map(dict(zip(AGES, AGE_RANGES.values(), strict=True)))
    return users.set_index("user_id")


def _read_movies(path: pathlib.Path) -> pd.DataFrame:
    movies = _read_dat(path, ("movie_id", "title", "genres"))
    movies["movie_id"] = whole_numbers(movies, "movie_id")
    refuse(movies, movies["movie_id"].duplicated(), "movie_id", "every movie once")
    movies["genre"] = movies["genres"].str.split("|").str[0]
    return movies.set_index("movie_id")


def read(source: pathlib.Path, seed: int) -> pa.Table:
    """Reads a folder of MovieLens-1M's files.

    Args:
      source: the folder.
      seed: of the random split.

    Returns:
      The columns of schemas/movielens_1m/schema.pbtxt; rows in the file's order.

    Raises:
      BadDataError: a file or value is missing, a value is no whole number, a rating is outside
        1 to 5, or a rating names a user or a movie that has no row of its own.
    """
    ratings = _read_dat(source / "ratings.dat", ("user_id", "movie_id", "rating", "timestamp"))
    check_ratings(ratings, ("user_id", "movie_id", "rating"))
    tables = {
        "user_id": _read_users(source / "users.dat"),
        "movie_id": _read_movies(source / "movies.dat"),
    }
    rows = with_tables(ratings, tables)
    rows["timestamp"] = random_times(len(rows), seed)
    return contract_table(load_contract(SCHEMA), rows)
