"""Reading a configuration: a preset or a YAML file, then `key=value` overrides."""

from __future__ import annotations

import copy
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from common.atomic_files import is_remote
from common.settings import SettingsError, parse
from common.strict_yaml import load_yaml, read_text
from pipeline.config import PipelineConfig
from pipeline.presets import PRESETS

_PACKAGES = pathlib.Path(__file__).parent.parent


def read_yaml(path: str | pathlib.Path) -> dict[str, Any]:
    """Reads a YAML mapping; relative data and schema paths are made absolute.

    A preset's paths are relative to the folder of the packages, a file's to its own folder.

    Raises:
      SettingsError: the file can't be read, is not the YAML that `load_yaml` takes, or is no
        mapping.
    """
    path = pathlib.Path(path)
    values = load_yaml(read_text(path), str(path))
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: want a mapping of keys to values, got {values!r}")
    _make_absolute(values, _PACKAGES if path.parent == PRESETS else path.resolve().parent)
    return values


def _make_absolute(values: dict[str, Any], base: pathlib.Path) -> None:
    data = values.get("data")
    if isinstance(data, dict):
        for key in ("path", "schema_path"):
            if isinstance(data.get(key), str) and not is_remote(data[key]):
                data[key] = str(base / data[key])


def apply_override(values: Mapping[str, Any], override: str) -> dict[str, Any]:
    """Returns `values` with one dotted `key=value` set; the value is read as YAML.

    Raises:
      SettingsError: the override has no `=`, or goes through a key that is no mapping.
    """
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise SettingsError(f"--set {override}: write --set KEY=VALUE, such as model.name=mmoe")
    result = copy.deepcopy(dict(values))
    *parents, last = path.split(".")
    place = result
    for key in parents:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise SettingsError(f"--set {override}: '{key}' holds a value, not keys")
    place[last] = load_yaml(text, f"--set {override}")
    return result


def load_config(
    path: str | pathlib.Path,
    overrides: Sequence[str] = (),
    *,
    data_path: str | None = None,
    schema_path: str | None = None,
) -> PipelineConfig:
    """Loads and checks a configuration.

    Args:
      path: a YAML file.
      overrides: dotted `key=value` texts, applied in order.
      data_path: replaces `data.path`.
      schema_path: replaces `data.schema_path`.

    Raises:
      SettingsError: the file or a value can't be used.
    """
    values = read_yaml(path)
    for override in overrides:
        values = apply_override(values, override)
    for key, value in (("path", data_path), ("schema_path", schema_path)):
        if value is not None:
            values = {**values, "data": {**(values.get("data") or {}), key: value}}
    # What the command line gave is relative to the folder it was called in.
    _make_absolute(values, pathlib.Path.cwd())
    source = f"{path} and --set" if overrides else str(path)
    return parse(PipelineConfig, values, source)
