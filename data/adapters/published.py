"""Public data sets in the protocol of published tables: a random split, laid out as days."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Callable

import pyarrow as pa
import pydantic

from common.settings import Settings
from data.adapters import kuairand_pure, movielens_1m
from data.adapters.adapter import Adapter
from data.log.span_writer import write_spans
from schemas.contract import load_contract


class PublishedConfig(Settings):
    """How the rows of a published protocol become spans.

    Attributes:
      seed: of the random split, as `data.adapters.random_days` lays it out.
    """

    seed: int = pydantic.Field(default=2021, ge=0)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A data set in a published protocol.

    Attributes:
      schema: its contract's file.
      read: (folder, seed) -> its rows.
      files: what the folder holds, for people.
    """

    schema: pathlib.Path
    read: Callable[[pathlib.Path, int], pa.Table]
    files: str


PROTOCOLS = {
    "kuairand_pure": Protocol(
        kuairand_pure.SCHEMA,
        kuairand_pure.read,
        "KuaiRand-Pure's three log_*.csv, user_features*.csv and video_features_*.csv",
    ),
    "movielens_1m": Protocol(
        movielens_1m.SCHEMA,
        movielens_1m.read,
        "MovieLens-1M's ratings.dat, users.dat and movies.dat",
    ),
}


def write_log(
    protocol: str,
    source: str | pathlib.Path,
    out: str | pathlib.Path,
    options: PublishedConfig | None = None,
    overwrite: bool = False,
) -> None:
    """Writes a data set as `<out>/span=YYYY-MM-DD/part-*.parquet`, ten made-up days.

    Args:
      protocol: one of `PROTOCOLS`.
      source: the folder of the data set's files.
      out: the log's folder.
      options: the seed of the random split; None for the default.
      overwrite: replaces spans that exist already.

    Raises:
      BadDataError: the files can't be read; or a span exists already and must not be
        overwritten.
    """
    chosen = PROTOCOLS[protocol]
    table = chosen.read(pathlib.Path(source), (options or PublishedConfig()).seed)
    write_spans(table, pathlib.Path(out), load_contract(chosen.schema).timestamp, overwrite)


ADAPTERS = tuple(
    Adapter(name, functools.partial(write_log, name), PublishedConfig, reads=protocol.files)
    for name, protocol in PROTOCOLS.items()
)
"""One a protocol."""
