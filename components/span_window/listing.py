"""What has arrived in the data folder."""

from __future__ import annotations

from tfx.dsl.io import fileio

from components.span_window.window import Window, resolve
from schemas.errors import BadDataError


def list_names(data_path: str) -> list[str]:
    """Lists the data folder, local or remote.

    Raises:
      BadDataError: the folder does not exist.
    """
    if not fileio.isdir(data_path):
        raise BadDataError(f"the data folder {data_path} does not exist")
    # Object stores list folders with a slash at the end.
    return [name.rstrip("/") for name in fileio.listdir(data_path)]


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
