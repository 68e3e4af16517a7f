"""KuaiRand-Pure in the protocol of published tables, as a log of ours.

The scenario is the page (`tab`), both labels are in the entire space, and the rows are split at
random. What it is for, and what it must not be used for, is in schemas/kuairand_pure/README.md.
"""

from __future__ import annotations

import dataclasses
import pathlib

import pandas as pd
import pyarrow as pa

import schemas
from data.adapters.csv_files import read_csv, refuse, whole_numbers
from data.adapters.kuairand import of_keys, read_table
from data.adapters.random_days import random_times
from data.log.arrow_schema import contract_table
from schemas.contract import Contract, load_contract

SCHEMA = pathlib.Path(schemas.__file__).parent / "kuairand_pure" / "schema.pbtxt"

LOGS = ("log_standard_4_08_to_4_21*", "log_standard_4_22_to_5_08*", "log_random_4_22_to_5_08*")
"""All three logs are one, and their duplicates stay, as published."""

TABS = (0, 1, 4)
"""The pages that are scenarios; rows of others are dropped."""

_NUMBERS = ("user_id", "video_id", "tab", "is_click", "long_view")
_VIDEO_FOLLOWS, _FOLLOWS = "video_follow_user_num", "follow_user_num"
_BASIC = (
    "author_id", "video_type", "upload_dt", "upload_type", "visible_status", "video_duration",
    "server_width", "server_height", "music_id", "music_type", "tag",
)  # fmt: skip
"""The columns of the table of videos; all others of a video are statistics."""

_TABLES = {"user": "user_features*", "basic": "video_features_basic*"}
_STATISTICS = "video_features_statistic*"


def _read_log(source: pathlib.Path) -> pd.DataFrame:
    log = pd.concat([read_csv(source, name, _NUMBERS) for name in LOGS], ignore_index=True)
    for name in _NUMBERS:
        log[name] = whole_numbers(log, name)
    for name in ("is_click", "long_view"):
        refuse(log, ~log[name].isin((0, 1)), name, "0 or 1")
    return log[log["tab"].isin(TABS)].reset_index(drop=True)


def _tables(source: pathlib.Path, contract: Contract) -> dict[str, pd.DataFrame]:
    """The contract's columns of the three tables, by kind, each by its key."""
    of_user = [x for x in contract.features if x.side == "user" and x != contract.user_id]
    of_video = [x for x in contract.features if x.side == "item" and x.name != "video_id"]
    basic = [x for x in of_video if x.name in _BASIC]
    statistics = [x for x in of_video if x.name not in _BASIC]
    in_file = [
        dataclasses.replace(x, name=_FOLLOWS) if x.name == _VIDEO_FOLLOWS else x for x in statistics
    ]
    found = {
        "user": read_table(source, _TABLES["user"], "user_id", of_user),
        "basic": read_table(source, _TABLES["basic"], "video_id", basic),
        "statistics": read_table(source, _STATISTICS, "video_id", in_file),
    }
    found["statistics"] = found["statistics"].rename(columns={_FOLLOWS: _VIDEO_FOLLOWS})
    wanted = {"user": of_user, "basic": basic, "statistics": statistics}
    return {kind: table[[x.name for x in wanted[kind]]] for kind, table in found.items()}


def read(source: pathlib.Path, seed: int) -> pa.Table:
    """Reads a folder of KuaiRand-Pure's six files.

    Args:
      source: the folder.
      seed: of the random split.

    Returns:
      The columns of schemas/kuairand_pure/schema.pbtxt; rows in the files' order.

    Raises:
      BadDataError: a file, column or value is missing, a value is no number, a label is not 0
        or 1, or the log names a user or a video that its table lacks.
    """
    contract = load_contract(SCHEMA)
    log = _read_log(source)
    tables = _tables(source, contract)
    # A video without statistics is shown all the same.
    tables["statistics"] = tables["statistics"].reindex(tables["basic"].index)
    keys = {"user": "user_id", "basic": "video_id", "statistics": "video_id"}
    known = [of_keys(log, keys[kind], table) for kind, table in tables.items()]
    rows = pd.concat([log[["user_id", "video_id", "long_view"]], *known], axis=1)
    rows["scenario"] = "tab_" + log["tab"].astype(str)
    rows["click"] = log["is_click"]
    rows["timestamp"] = random_times(len(rows), seed)
    return contract_table(contract, rows)
