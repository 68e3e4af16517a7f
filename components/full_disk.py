"""A disk without room, told in words."""

from __future__ import annotations

import errno

import tensorflow as tf

from schemas.errors import PolyrankError


class DiskFullError(PolyrankError):
    """There was no room to write: says where; what had been written there was removed."""


def reason_if_full(error: Exception) -> str:
    """Says why there was no room: disk, quota, a limit on a file's size.

    Returns:
      Empty where the error is another one.
    """
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return str(error.strerror) if full else ""
    # TensorFlow calls a full disk RESOURCE_EXHAUSTED, a file that may not grow OUT_OF_RANGE.
    if isinstance(error, (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError)):
        # The message begins with the temporary file's name.
        return str(error.message).split("; ")[-1]
    return ""


def full_disk(folder: str, reason: str) -> str:
    """The text of the error."""
    return (
        f"{folder} can't be written: {reason}. Nothing of it is left; free some space, or write to "
        "another disk (--work-dir), and run again"
    )
