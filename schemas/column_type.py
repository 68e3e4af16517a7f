"""The types that a tf.Example holds."""

from __future__ import annotations

from typing import Literal

ColumnType = Literal["int", "float", "bytes"]
"""int64, float32, or a UTF-8 string."""
