"""The adapters, by name: the only list of them."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from common.settings import SettingsError, parse
from common.suggestions import nearest
from data.adapters import kuairand, movielens, published, user_files
from data.adapters.adapter import Adapter
from data.log.files import LeftOut
from data.synthetic.adapter import SYNTHETIC

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        SYNTHETIC,
        kuairand.ADAPTER,
        movielens.ADAPTER,
        *published.ADAPTERS,
        user_files.ADAPTER,
    )
}


def find_adapter(name: str) -> Adapter:
    """Returns the adapter called `name`.

    Raises:
      SettingsError: there is none; the nearest name is given.
    """
    if name not in ADAPTERS:
        raise SettingsError(f"unknown data.adapter '{name}'; {nearest(name, ADAPTERS)}")
    return ADAPTERS[name]


def write_spans_with(
    name: str,
    source: pathlib.Path | None,
    out: pathlib.Path,
    options: Mapping[str, Any],
    *,
    where: str,
    overwrite: bool = False,
) -> tuple[LeftOut, ...]:
    """Writes a log in spans with the adapter called `name`.

    Args:
      name: one of `ADAPTERS`.
      source: the folder of the adapter's files; None where it has none.
      out: the log's folder.
      options: the adapter's, as plain values.
      where: names the options in errors.
      overwrite: replaces spans that exist already.

    Returns:
      Files and folders of the source that are not read.

    Raises:
      SettingsError: no such adapter, an option can't be used, or the source is missing.
      BadDataError: the files can't be read; or a span exists already and must not be
        overwritten.
    """
    adapter = find_adapter(name)
    parsed = parse(adapter.options, options, where)
    if source is None and adapter.source_required:
        raise SettingsError(f"the {name} adapter reads {adapter.reads}: give --data FOLDER")
    return adapter.write(source, out, parsed, overwrite) or ()
