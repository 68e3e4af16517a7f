"""MovieLens-100K (Harper and Konstan, TiiS 2015, doi 10.1145/2827872) as a log of ours.

The files are those that RecBole ships: `ml-100k.inter`, `ml-100k.user` and `ml-100k.item`. What
the columns become, and why a rating is no impression, is said in schemas/movielens/README.md.
"""

from __future__ import annotations

import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pydantic

import schemas
from data.adapters.adapter import Adapter
from data.adapters.csv_files import refuse, whole_numbers
from data.adapters.random_days import random_times
from data.adapters.ratings import check_ratings, with_tables
from data.adapters.recbole_files import read_atomic_file
from data.adapters.recbole_wheel import fetch
from data.history.tables import HistoryOptions, write_table
from data.log.arrow_schema import contract_table
from schemas.contract import load_contract

SCHEMA = pathlib.Path(schemas.__file__).parent / "movielens" / "schema.pbtxt"

SCENARIO_AGES = (25, 35)
"""First ages of the second and the third scenario; the order is the schema's."""

AGE_RANGES = {
    0: "under 18", 18: "18-24", 25: "25-34", 35: "35-44", 45: "45-49", 50: "50-55", 56: "56+",
}  # fmt: skip
"""First age -> name, as MovieLens-1M publishes ages."""

UNKNOWN_YEARS = ("V", "unkonwn")
"""What stands for the release year of two films in RecBole's item file."""


class MovielensConfig(HistoryOptions):
    """How the ratings become a log.

    Attributes:
      history: what is kept of a person's earlier ratings; None for nothing.
      random_split: None: the days are those of the ratings. A number: the seed that lays the
        ratings out over ten made-up days, a random tenth each, so that holding out the last
        day is the random 8:1:1 split of published tables. It leaks the future.
    """

    random_split: int | None = pydantic.Field(default=None, ge=0)

    @pydantic.model_validator(mode="after")
    def _has_an_order(self) -> MovielensConfig:
        if self.history is not None and self.random_split is not None:
            raise ValueError(
                "'history' and 'random_split' exclude each other: made-up days have no earlier "
                "events; drop one of the two"
            )
        return self


def first_ages(values: pd.Series, first: tuple[int, ...]) -> np.ndarray:
    """The index of the age range of each of `values`; range 0 ends before `first[0]`."""
    return np.searchsorted(first, values, side="right")


def _read_users(path: pathlib.Path) -> pd.DataFrame:
    wanted = ("user_id", "age", "gender", "occupation", "zip_code")
    users = read_atomic_file(path, [f"{name}:token" for name in wanted])
    users["user_id"] = whole_numbers(users, "user_id")
    refuse(users, users["user_id"].duplicated(), "user_id", "every user once")
    age = whole_numbers(users, "age")
    refuse(users, ~age.between(1, 120), "age", "an age in years, 1 to 120")
    scenarios = np.array(load_contract(SCHEMA).scenarios)
    users["scenario"] = scenarios[first_ages(age, SCENARIO_AGES)]
    _, *later = AGE_RANGES
    users["age_range"] = np.array(list(AGE_RANGES.values()))[first_ages(age, tuple(later))]
    users["zip_prefix"] = users["zip_code"].str[:3]
    return users.set_index("user_id")


def _read_items(path: pathlib.Path) -> pd.DataFrame:
    items = read_atomic_file(path, ["item_id:token", "release_year:token", "class:token_seq"])
    items["item_id"] = whole_numbers(items, "item_id")
    refuse(items, items["item_id"].duplicated(), "item_id", "every item once")
    items["release_year"] = items["release_year"].mask(items["release_year"].isin(UNKNOWN_YEARS))
    items["release_year"] = whole_numbers(items, "release_year", optional=True)
    genres = items["class"].str.split()
    items["genres"] = genres.str.join(" ")
    items["genre"] = genres.str[0]
    items["genre_count"] = genres.str.len()
    return items.set_index("item_id")


def _read_ratings(path: pathlib.Path) -> pd.DataFrame:
    wanted = ("user_id:token", "item_id:token", "rating:float", "timestamp:float")
    ratings = read_atomic_file(path, wanted)
    check_ratings(ratings, ("user_id", "item_id", "rating", "timestamp"))
    return ratings


def read(source: str | pathlib.Path, config: MovielensConfig | None = None) -> pa.Table:
    """Reads a folder of MovieLens-100K's files.

    Args:
      source: the folder.
      config: how the ratings become a log; None for the defaults.

    Returns:
      The columns of schemas/movielens/schema.pbtxt; rows in the file's order.

    Raises:
      BadDataError: a file, column or value is missing, a value is no whole number, a rating is
        outside 1 to 5, or a rating names a user or an item that has no row of its own.
    """
    source = pathlib.Path(source)
    seed = (config or MovielensConfig()).random_split
    ratings = _read_ratings(source / "ml-100k.inter")
    users = _read_users(source / "ml-100k.user")
    items = _read_items(source / "ml-100k.item")
    rows = with_tables(ratings, {"user_id": users, "item_id": items})
    rows["timestamp"] = ratings["timestamp"]
    rated = pd.to_datetime(ratings["timestamp"], unit="s")
    rows["hour"], rows["weekday"] = rated.dt.hour, rated.dt.weekday
    if seed is not None:
        rows["timestamp"] = random_times(len(rows), seed)
    return contract_table(load_contract(SCHEMA), rows)


def write_log(
    source: str | pathlib.Path | None,
    out: str | pathlib.Path,
    options: MovielensConfig | None = None,
    overwrite: bool = False,
) -> None:
    """Writes MovieLens-100K as `<out>/span=YYYY-MM-DD/part-*.parquet` (UTC days).

    Args:
      source: the folder of the files; None downloads them, once (`data.adapters.recbole_wheel`).
      out: the log's folder.
      options: how the ratings become a log; None for the defaults.
      overwrite: replaces spans that exist already.

    Raises:
      DownloadError: the files could not be downloaded.
      BadDataError: see `read`; or a span exists already and must not be overwritten.
      SettingsError: a history can't be made of these columns.
    """
    table = read(fetch() if source is None else source, options)
    history = options.history if options else None
    write_table(table, pathlib.Path(out), load_contract(SCHEMA), history, overwrite)


ADAPTER = Adapter(
    "movielens",
    write_log,
    MovielensConfig,
    reads="MovieLens-100K's ml-100k.inter, .item and .user",
    source_required=False,
)
