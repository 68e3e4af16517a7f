"""A full disk, reported in words."""

from __future__ import annotations

import errno
import os
import sys

from common.errors import PolyrankError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskFullError(PolyrankError):
    """There was no room to write: says where; what had been written there was removed."""


def reason_if_full(error: Exception) -> str:
    """Says why there was no room: disk, quota, a limit on a file's size.

    Returns:
      Empty where the error is another one.
    """
    if isinstance(error, OSError):
        return str(error.strerror) if error.errno in _FULL else ""
    # Where TensorFlow was never imported, the error is not one of its own.
    tf = sys.modules.get("tensorflow")
    # It calls a full disk RESOURCE_EXHAUSTED, as it does a full memory, and a file that may not
    # grow OUT_OF_RANGE.
    if tf and isinstance(error, (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError)):
        # The message begins with the temporary file's name and ends with the system's words.
        reason = str(error.message).split("; ")[-1]
        return reason if reason in map(os.strerror, _FULL) else ""
    return ""


def full_disk(folder: str, reason: str) -> str:
    """The text of the error."""
    return (
        f"{folder} can't be written: {reason}. Nothing of it is left; free some space, or write to "
        "another disk (--work-dir), and run again"
    )
