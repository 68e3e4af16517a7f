"""The presets that ship, by name; the command line asks for them before anything heavy."""

from __future__ import annotations

import pathlib

from common.settings import SettingsError
from common.suggestions import nearest

PRESETS = pathlib.Path(__file__).parent


def preset_names() -> list[str]:
    """The presets' names, sorted."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def preset_path(name: str) -> pathlib.Path:
    """The YAML file of a preset.

    Raises:
      SettingsError: no preset has that name.
    """
    if name not in preset_names():
        raise SettingsError(f"unknown preset '{name}'; {nearest(name, preset_names())}")
    return PRESETS / f"{name}.yaml"
