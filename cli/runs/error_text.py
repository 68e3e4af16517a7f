"""What is said of an error on the terminal, where the stack trace goes to a log."""

from __future__ import annotations

import re
import traceback

from common.errors import PolyrankError

_KERAS = re.compile(
    r"Exception encountered when calling [^\n]*\n\n(?P<message>.*?)\n\n"
    r"Call arguments received by [^\n]*:\n.*",
    re.DOTALL,
)
"""Keras puts a message between these lines; they have all arguments of a layer's call."""


def error_text(error: BaseException, model: str = "") -> str:
    """Returns an error's kind and message, and where in the user's own model it arose.

    Args:
      error: an error; of ours the message alone is returned.
      model: the architecture's name. The innermost line of the module of `package.module:Class`,
        or of another one in its package, that the error passed through is named.
    """
    if isinstance(error, PolyrankError):
        return str(error)
    # `str` of a KeyError quotes its message.
    whole = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    found = _KERAS.fullmatch(whole)
    message = (found["message"] if found else whole).strip()
    kind = type(error).__name__
    return (
        f"{kind}: {message}{_place(error, model)}" if message else f"{kind}{_place(error, model)}"
    )


def _place(error: BaseException, model: str) -> str:
    module, colon, _ = model.partition(":")
    package = module.partition(".")[0]
    if not colon:
        return ""
    own = [
        f" ({frame.f_code.co_filename}, line {line})"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package
    ]
    return own[-1] if own else ""
