"""What stands for a missing value where a value must be, as in a dense tensor or a request."""

from __future__ import annotations

from typing import Any

MISSING: dict[str, Any] = {"int64": -(2**63), "float32": float("nan"), "string": b""}
"""By dtype."""
