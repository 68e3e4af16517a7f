"""Entries of a registry, and pushed versions with files."""

import pathlib
from typing import Any

from components.model_registry import registry
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


def made_version(work: pathlib.Path, version: str, **changes: Any) -> Entry:
    """A version in `serving/shop` of a work folder and in its registry."""
    place = work / "serving" / "shop" / version
    (place / "variables").mkdir(parents=True)
    (place / "saved_model.pb").write_text(f"model {version}")
    (place / "variables" / "data").write_text(f"weights {version}")
    values = {"run_fingerprint": f"run of {version}", **changes}
    entry = made_entry(version, pushed_destination=f"serving/shop/{version}", **values)
    registry.append(work / "registry.json", entry)
    return entry


def made_absolute(work: pathlib.Path) -> None:
    """Writes the registry as earlier revisions did: with absolute paths."""
    path = work / "registry.json"
    registry.write(
        path,
        [
            entry.model_copy(update={"pushed_destination": f"{work}/{entry.pushed_destination}"})
            for entry in registry.entries(path)
        ],
    )


def served(work: pathlib.Path) -> str:
    """What a model server would load: the complete version with the largest number."""
    folder = work / "serving" / "shop"
    newest = max(int(p.name) for p in folder.iterdir() if p.name.isdecimal())
    return (folder / str(newest) / "saved_model.pb").read_text()
