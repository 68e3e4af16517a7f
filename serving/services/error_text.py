"""What a client may read of an error: short, and nothing about the server's disk."""

from __future__ import annotations

import os
import pathlib
import re

MAX_BYTES = 1024
"""gRPC sends an error's text as a header, and proxies refuse headers above a few KiB."""

_ELLIPSIS = "…"
# Longer texts quote what the client sent. They are cut before they are searched.
_SEARCHED = 8 * MAX_BYTES
# A slash after a letter is part of a node's name, such as `tower/MatMul`.
_PART = r"[^\s/'\"`:;,()]+"
_ABSOLUTE_PATH = re.compile(rf"(?<![\w.)\]}}>/-])(?:file:)?/+(?:{_PART}/+)*({_PART})/*")


def client_text(text: str, base_path: str | os.PathLike[str], model_name: str) -> str:
    """Returns an error's text as clients get it.

    Args:
      text: what went wrong; the server's log has all of it.
      base_path: the folder of the model's versions, which the model's name replaces.
      model_name: the name that requests give.

    Returns:
      At most 1,024 bytes of UTF-8. Of absolute paths the last part is left.
    """
    text = text[:_SEARCHED]
    for folder in _spellings(base_path):
        spelled = rf"(?:file://)?{re.escape(folder)}(?![\w.-])"
        text = re.sub(spelled, lambda _: model_name, text)
    text = _ABSOLUTE_PATH.sub(r"\1", text)
    data = text.encode(errors="replace")
    if len(data) <= MAX_BYTES:
        return data.decode()
    end = MAX_BYTES - len(_ELLIPSIS.encode())
    return data[:end].decode(errors="ignore") + _ELLIPSIS


def _spellings(base_path: str | os.PathLike[str]) -> list[str]:
    """The folder as it was given, in full, and without links, the longest first."""
    given = os.fspath(base_path).rstrip("/")
    folder = pathlib.Path(given)
    full = {given, str(folder.absolute()), os.path.realpath(folder)} - {"", "/", "."}
    return sorted((path for path in full if "/" in path), key=len, reverse=True)
