"""The synthetic log as an adapter: it needs no files."""

from __future__ import annotations

import pathlib

from data.adapters.adapter import Adapter
from data.synthetic import SyntheticConfig, write_log


def _write(
    source: pathlib.Path | None,
    out: pathlib.Path,
    options: SyntheticConfig,
    overwrite: bool = False,
) -> None:
    """Makes the log; see `data.adapters.adapter.Writes`."""
    del source  # A folder without spans is nothing that a made log would need.
    write_log(out, options, overwrite)


SYNTHETIC = Adapter("synthetic", _write, SyntheticConfig, source_required=False)
