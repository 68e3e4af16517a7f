"""Ratings of films with what is known of the person and of the film."""

from __future__ import annotations

import pandas as pd

from data.adapters.csv_files import refuse, whole_numbers


def check_ratings(ratings: pd.DataFrame, numbers: tuple[str, ...]) -> None:
    """Turns `numbers` (columns of a file's frame, `rating` among them) to int64, in place.

    Raises:
      BadDataError: a value that is no whole number, or a rating outside 1 to 5.
    """
    for name in numbers:
        ratings[name] = whole_numbers(ratings, name)
    refuse(ratings, ~ratings["rating"].between(1, 5), "rating", "a rating of 1 to 5")


def with_tables(ratings: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Returns the keys, what the tables say of them, and the labels.

    Args:
      ratings: of a file, with `rating` and the tables' keys.
      tables: key (`user_id`) -> a table with that index.

    Returns:
      A frame in the order of `ratings`: the keys, the tables' columns, `click` (rating above
      3) and `like` (above 4).

    Raises:
      BadDataError: a rating names somebody or something that has no row of its own.
    """
    for key, table in tables.items():
        kind = key.partition("_")[0]
        refuse(ratings, ~ratings[key].isin(table.index), key, f"one of the {kind} file")
    rows = ratings[list(tables)].copy()
    for key, table in tables.items():
        known = table.drop(columns=["file", "line"]).loc[rows[key]]
        rows = pd.concat([rows, known.reset_index(drop=True)], axis=1)
    rows["click"] = (ratings["rating"] > 3).astype("int64")
    rows["like"] = (ratings["rating"] > 4).astype("int64")
    return rows
