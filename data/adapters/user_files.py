"""A log of the user's own, in whatever files, as spans: through the pipeline's own reader."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa
import pydantic

from common.settings import Settings, SettingsError
from data.adapters.adapter import Adapter
from data.log.arrow_schema import arrow_fields
from data.log.casting.strict import cast_or_refuse
from data.log.files import LeftOut, list_log
from data.log.formats.opening import open_checked
from data.log.span_writer import write_spans
from data.log.spans import PREFIX
from schemas.contract import Contract, load_contract


class UserFilesConfig(Settings):
    """Which contract the files are read by.

    Attributes:
      schema_path: the tagged schema; in a pipeline's configuration, `data.schema_path`.
      span: the day (YYYY-MM-DD) that all rows go to, where the schema has no timestamp. None is
        today (UTC), in a folder that holds no span yet.
    """

    schema_path: str
    span: str | None = None

    @pydantic.field_validator("span", mode="before")
    @classmethod
    def _a_day(cls, value: Any) -> Any:
        # YAML reads 2026-01-31 as a date.
        text = value.isoformat() if isinstance(value, datetime.date) else value
        try:
            day = None if text is None else datetime.date.fromisoformat(text).isoformat()
        except (TypeError, ValueError):
            day = None
        # Python 3.11 and newer read other writings of a day as well.
        if day != text:
            raise ValueError(f"{value!r} is no day; write it as YYYY-MM-DD")
        return day


def write_user_files(
    contract: Contract,
    source: pathlib.Path,
    out: pathlib.Path,
    overwrite: bool = False,
    span: str | None = None,
) -> tuple[LeftOut, ...]:
    """Writes the contract's columns of all files as `<out>/span=YYYY-MM-DD/part-*.parquet`.

    Rows go to the UTC day of their timestamp, or all to one day where there is none. Values are
    cast as ImpressionExampleGen casts them; what the contract says of them (labels, scenarios) is
    its business still. All rows are held in memory until they are written.

    Args:
      contract: the data contract.
      source: a folder of Parquet, CSV and TFRecord files, or one of them.
      out: the log's folder.
      overwrite: replaces spans that exist already.
      span: see `UserFilesConfig`.

    Returns:
      The files and folders of `source` that were not read.

    Raises:
      SettingsError: `span` is given and the schema has a timestamp, or the other way round in a
        folder that holds spans.
      BadDataError: a file can't be read or lacks a column, a value can't be cast, a row has no
        time, or a span exists already and must not be overwritten; nothing is written then.
    """
    day = _day_without_time(contract, out, span)
    schema = pa.schema(arrow_fields(contract))
    batches: list[pa.RecordBatch] = []
    listing = list_log(source)
    for file in listing.files:
        reader = open_checked(file, contract)
        first = 0
        for group in range(0 if reader.is_empty else reader.groups):
            for batch in reader.batches(group, schema.names):
                arrays = [
                    cast_or_refuse(contract, batch, field, file.name, first) for field in schema
                ]
                first += batch.num_rows
                batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    table = pa.Table.from_batches(batches, schema)
    write_spans(table, out, contract.timestamp, overwrite, day)
    return listing.left_out


def _day_without_time(
    contract: Contract, out: pathlib.Path, span: str | None
) -> np.datetime64 | None:
    """The day of all rows; None where their timestamps say it."""
    if contract.timestamp is not None:
        if span is not None:
            raise SettingsError(
                f"a span is given ({span}), but column '{contract.timestamp.name}' is the "
                "timestamp, which says every row's day; leave the span out, or drop the tag"
            )
        return None
    existing = sorted(out.glob(f"{PREFIX}*"))
    # Written on two days, the same rows would be in two spans, and so in train and in eval.
    if span is None and existing:
        raise SettingsError(
            f"no column is the timestamp, and {out} holds {existing[-1].name} already: name the "
            "day that these rows are of (--span YYYY-MM-DD; adapter option 'span')"
        )
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return np.datetime64(span or today)


def write_log(
    source: str | pathlib.Path,
    out: str | pathlib.Path,
    options: UserFilesConfig,
    overwrite: bool = False,
) -> tuple[LeftOut, ...]:
    """As `write_user_files`, with the contract of a file."""
    contract = load_contract(options.schema_path)
    return write_user_files(
        contract, pathlib.Path(source), pathlib.Path(out), overwrite, options.span
    )


ADAPTER = Adapter(
    "user_files", write_log, UserFilesConfig, reads="Parquet, CSV or TFRecord files of your own"
)
