"""The presets that ship, by name; the command line asks for them before anything heavy."""

from __future__ import annotations

import os
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


def config_path(config: str | os.PathLike[str]) -> pathlib.Path:
    """The YAML file that `config` means: a preset's name, or a path.

    A bare name that is neither a preset nor a file is taken for a misspelled preset.

    Raises:
      SettingsError: no preset has that name, and no file.
    """
    path = pathlib.Path(config)
    is_name = isinstance(config, str) and path.name == config and not path.suffix
    if is_name and (config in preset_names() or not path.exists()):
        return preset_path(path.name)
    return path
