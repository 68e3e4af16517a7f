"""What a local run finds in the data folder, just before it starts."""

from __future__ import annotations

import dataclasses

from components.span_window.listing import find_window
from components.span_window.window import Found
from data.log.files import LeftOut, LogFile, list_span, outside_spans
from pipeline.config import PipelineConfig
from pipeline.schema_defaults import fitted
from schemas.contract import load_schema_text, parse_schema, read_contract


@dataclasses.dataclass(frozen=True)
class LogState:
    """The window of a run, and what lies in its spans.

    Attributes:
      found: the window, and the newer spans that are passed over.
      files: of the window's spans, in a fixed order.
      left_out: what the data folder and these spans hold besides.
    """

    found: Found
    files: tuple[LogFile, ...]
    left_out: tuple[LeftOut, ...]


def look_at_log(config: PipelineConfig) -> LogState:
    """Looks at the data folder; reads no file of it.

    Raises:
      BadDataError: the window's spans are not there, not complete, or hold no file.
      ContractError: the schema can't be used.
      SettingsError: the configuration can't be used.
    """
    contract = read_contract(parse_schema(load_schema_text(config.data.schema_path)))
    window = fitted(config, contract).window
    data_path = str(config.data.path)
    found = find_window(data_path, window)
    listings = [list_span(data_path, date) for date in found.window.dates]
    left_out = [item for listing in listings for item in listing.left_out]
    return LogState(
        found,
        tuple(file for listing in listings for file in listing.files),
        (*outside_spans(data_path), *left_out),
    )
