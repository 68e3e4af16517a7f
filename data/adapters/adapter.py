"""What every adapter is: it turns files that others know into a log in spans."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any, Protocol

from common.settings import Settings
from data.log.files import LeftOut


class Writes(Protocol):
    """The work of an adapter."""

    def __call__(
        self,
        source: Any,
        out: pathlib.Path,
        options: Any,
        overwrite: bool = False,
    ) -> tuple[LeftOut, ...] | None:
        """Writes `<out>/span=YYYY-MM-DD/part-*.parquet`.

        Args:
          source: the folder of the files, a path; None where `source_required` is False.
          out: the log's folder; spans of other days that it holds stay.
          options: of the adapter's own class.
          overwrite: replaces spans that exist already.

        Returns:
          Files and folders of the source that are not read; None where the adapter reads files
          of fixed names only.

        Raises:
          BadDataError: the files can't be read; or a span exists already and must not be
            overwritten.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Adapter:
    """One adapter.

    Attributes:
      name: what configurations call it (`data.adapter`).
      write: writes the spans.
      options: the class of its options (`data.adapter_options`).
      reads: what the source folder holds, for people; empty where there is none.
      source_required: False where it can do without a source.
    """

    name: str
    write: Writes
    options: type[Settings] = Settings
    reads: str = ""
    source_required: bool = True
