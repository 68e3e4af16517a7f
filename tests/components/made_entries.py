"""Entries of a registry."""

from typing import Any

from components.model_registry.registry import Entry


def made_entry(version: str, **changes: Any) -> Entry:
    """An entry of `version`, plausible but for what is changed."""
    values = {
        "version": version,
        "pushed_destination": f"serving/{version}",
        "run_fingerprint": "a",
        "run_id": "run",
        "time": "2026-01-01T00:00:00+00:00",
        "spans": ("2026-01-01",),
        "model": "mmoe",
        "schema_digest": "d",
        "gate": {"pass": 3},
    }
    return Entry(**{**values, **changes})
