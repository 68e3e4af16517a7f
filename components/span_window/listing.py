"""What has arrived in the data folder."""

from __future__ import annotations

from common.errors import BadDataError
from components.span_window.window import Window, resolve
from data.log.spans import list_names


def find_window(data_path: str, end: str, train_spans: int, eval_spans: int) -> Window:
    """Resolves the window against what has arrived; see `resolve`.

    Raises:
      BadDataError: the folder or a date of the window is missing.
      SettingsError: `end` or a number of spans can't be used.
    """
    try:
        return resolve(list_names(data_path), end, train_spans, eval_spans)
    except BadDataError as error:
        raise BadDataError(f"{data_path}: {error}") from None
