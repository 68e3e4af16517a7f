"""KuaiRand's standard log (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624) as a log of ours.

The folder holds `log_standard*.csv[.gz]` (one file or more) and `user_features*.csv[.gz]`,
as KuaiRand ships them. What the columns become is said in schemas/kuairand/README.md.
"""

from __future__ import annotations

import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa

import schemas
from data.arrow import arrow_fields
from data.csv_files import read_csv, refuse, whole_numbers
from data.spans import write_spans
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


def _read_users(source: pathlib.Path, columns: list[Column]) -> pd.DataFrame:
    """The user table by user_id: `columns` (numbers may be missing) and the scenario."""
    texts = [column.name for column in columns if column.type == "bytes"]
    wanted = ("user_id", "user_active_degree", *(column.name for column in columns))
    users = read_csv(source, "user_features*", wanted, texts)
    users["user_id"] = whole_numbers(users, "user_id")
    refuse(users, users["user_id"].duplicated(), "user_id", "every user once")
    for column in columns:
        if column.type == "int":
            users[column.name] = whole_numbers(users, column.name, optional=True)
    live = users["is_live_streamer"]
    users["is_live_streamer"] = live.mask(live == NO_LIVE_STREAMER_INFO)
    degree = users["user_active_degree"]
    users["scenario"] = degree.where(degree.isin(SCENARIOS), "other")
    return users.set_index("user_id")[["scenario", *(column.name for column in columns)]]


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
    users = _read_users(
        source, [x for x in contract.features if x.side == "user" and x != contract.user_id]
    )
    refuse(log, ~log["user_id"].isin(users.index), "user_id", "a user of the user table")
    of_user = users.loc[log["user_id"]].reset_index(drop=True)
    rows = pd.concat([log[["user_id", "video_id", "time_ms"]], of_user, _labels(log)], axis=1)
    rows["duration_bucket"] = np.searchsorted(DURATION_EDGES_MS, log["duration_ms"])
    rows["hour"] = log["hourmin"] // 100
    rows["weekday"] = log["day"].dt.weekday
    fields = arrow_fields(contract)
    names = [field.name for field in fields]
    table = pa.Table.from_pandas(rows[names], pa.schema(fields), preserve_index=False)
    return table.replace_schema_metadata(None)


def write_log(source: str | pathlib.Path, out: str | pathlib.Path, overwrite: bool = False) -> None:
    """Writes KuaiRand's standard log as `<out>/span=YYYY-MM-DD/part-*.parquet` (UTC days).

    Args:
      source: the folder of KuaiRand's files.
      out: the log's folder.
      overwrite: replaces spans that exist already.

    Raises:
      BadDataError: see `read`; or a span exists already and must not be overwritten.
    """
    timestamp = load_contract(SCHEMA).timestamp
    write_spans(read(source), pathlib.Path(out), timestamp, overwrite)
