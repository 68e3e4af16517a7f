"""KuaiRand's standard log (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624) as a log of ours.

The folder holds `log_standard*.csv[.gz]` (one file or more) and `user_features*.csv[.gz]`,
as KuaiRand ships them. What the columns become is said in schemas/kuairand/README.md.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

import schemas
from data.adapters.adapter import Adapter
from data.adapters.csv_files import finite_numbers, read_csv, refuse, whole_numbers
from data.history.tables import HistoryOptions, write_table
from data.log.arrow_schema import contract_table
from schemas.column import Column
from schemas.contract import load_contract

SCHEMA = pathlib.Path(schemas.__file__).parent / "kuairand" / "schema.pbtxt"

SCENARIOS = ("full_active", "high_active", "middle_active")
"""Degrees of activity with a scenario of their own; the rest is `other`."""

DURATION_EDGES_MS = (0, 7_000, 12_000, 18_000, 30_000, 60_000, 120_000, 300_000)
"""Upper edges, included, of duration buckets 0 (unknown) to 7; 8 is longer. KuaiRand's own
definitions of a valid play and a long view change at 7 s and 18 s."""

NO_LIVE_STREAMER_INFO = -124
SIGNALS = ("is_click", "long_view", "is_comment", "is_profile_enter")
LOG_NUMBERS = ("user_id", "video_id", "date", "hourmin", "time_ms", "duration_ms", *SIGNALS)


def _labels(log: pd.DataFrame) -> pd.DataFrame:
    click = log["is_click"]
    related = log["is_comment"] | log["is_profile_enter"]
    return pd.DataFrame(
        {"click": click, "action": click & related, "conversion": click & log["long_view"]}
    )


def _read_log(source: pathlib.Path) -> pd.DataFrame:
    """The rows of all log files without exact duplicates; numbers, signals and dates checked."""
    log = read_csv(source, "log_standard*", LOG_NUMBERS)
    log = log.drop_duplicates(subset=[x for x in log if x not in ("file", "line")])
    log = log.reset_index(drop=True)
    for name in LOG_NUMBERS:
        log[name] = whole_numbers(log, name, missing=0 if name == "duration_ms" else None)
    for name in SIGNALS:
        refuse(log, ~log[name].isin((0, 1)), name, "0 or 1")
    log["day"] = pd.to_datetime(log["date"].astype(str), format="%Y%m%d", errors="coerce")
    refuse(log, log["day"].isna(), "date", "a date, YYYYMMDD")
    return log


def read_table(
    source: pathlib.Path,
    name: str,
    key: str,
    columns: Sequence[Column],
    also: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Reads the table of users or of videos.

    Args:
      source: the folder of KuaiRand's files.
      name: a glob pattern of the files, without the ending.
      key: the column that tells its rows apart.
      columns: of a contract; their numbers may be missing.
      also: further columns that it must have.

    Returns:
      All columns of the file, by the key.

    Raises:
      BadDataError: a file or column is missing, a number is none, or a key is there twice.
    """
    texts = [column.name for column in columns if column.type == "bytes"]
    wanted = (key, *(column.name for column in columns), *also)
    table = read_csv(source, name, wanted, texts)
    table[key] = whole_numbers(table, key)
    refuse(table, table[key].duplicated(), key, f"every {key.partition('_')[0]} once")
    for column in columns:
        if column.type == "int":
            table[column.name] = whole_numbers(table, column.name, optional=True)
        elif column.type == "float":
            table[column.name] = finite_numbers(table, column.name)
    if "is_live_streamer" in table:
        live = table["is_live_streamer"]
        table["is_live_streamer"] = live.mask(live == NO_LIVE_STREAMER_INFO)
    return table.set_index(key)


def of_keys(log: pd.DataFrame, key: str, table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `table` that the log's rows name, in the log's order.

    Raises:
      BadDataError: the table lacks one.
    """
    kind = key.partition("_")[0]
    refuse(log, ~log[key].isin(table.index), key, f"a {kind} of the {kind} table")
    return table.loc[log[key]].reset_index(drop=True)


def read(source: str | pathlib.Path) -> pa.Table:
    """Reads a folder of KuaiRand's files.

    Args:
      source: the folder.

    Returns:
      The columns of schemas/kuairand/schema.pbtxt; rows in the files' order, exact
      duplicates dropped.

    Raises:
      BadDataError: a file or column is missing, a value is no whole number, a signal is not
        0 or 1, or the log names a user that the user table lacks.
    """
    source = pathlib.Path(source)
    contract = load_contract(SCHEMA)
    log = _read_log(source)
    columns = [x for x in contract.features if x.side == "user" and x != contract.user_id]
    users = read_table(source, "user_features*", "user_id", columns, ("user_active_degree",))
    of_user = of_keys(log, "user_id", users)
    degree = of_user["user_active_degree"]
    of_user = of_user[[column.name for column in columns]]
    rows = pd.concat([log[["user_id", "video_id", "time_ms"]], of_user, _labels(log)], axis=1)
    rows["scenario"] = degree.where(degree.isin(SCENARIOS), "other")
    rows["duration_bucket"] = np.searchsorted(DURATION_EDGES_MS, log["duration_ms"])
    rows["hour"] = log["hourmin"] // 100
    rows["weekday"] = log["day"].dt.weekday
    return contract_table(contract, rows)


def write_log(
    source: str | pathlib.Path,
    out: str | pathlib.Path,
    options: HistoryOptions | None = None,
    overwrite: bool = False,
) -> None:
    """Writes KuaiRand's standard log as `<out>/span=YYYY-MM-DD/part-*.parquet` (UTC days).

    Args:
      source: the folder of KuaiRand's files.
      out: the log's folder.
      options: whose histories its rows get; None for none.
      overwrite: replaces spans that exist already.

    Raises:
      BadDataError: see `read`; or a span exists already and must not be overwritten.
      SettingsError: a history can't be made of these columns.
    """
    history = options.history if options else None
    write_table(read(source), pathlib.Path(out), load_contract(SCHEMA), history, overwrite)


ADAPTER = Adapter(
    "kuairand",
    write_log,
    HistoryOptions,
    reads="KuaiRand's log_standard*.csv and user_features*.csv",
)
