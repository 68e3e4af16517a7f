"""What has arrived in the data folder."""

from __future__ import annotations

from common.errors import BadDataError
from components.span_window.config import WindowConfig
from components.span_window.window import Found, resolve
from data.log.folders import exists
from data.log.spans import PREFIX, list_names


def find_window(data_path: str, config: WindowConfig) -> Found:
    """Resolves the window against what has arrived; see `resolve`.

    Raises:
      BadDataError: the folder or a date of the window is missing, or no span is complete.
      SettingsError: the window's end can't be used.
    """

    def is_marked(date: str) -> bool:
        return exists(f"{data_path.rstrip('/')}/{PREFIX}{date}/{config.ready}")

    names = list_names(data_path)
    try:
        return resolve(names, config, is_marked)
    except BadDataError as error:
        raise BadDataError(f"{data_path}: {error}") from None
