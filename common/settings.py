"""Typed, frozen settings; unknown keys and values of another kind are refused."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic

from common.errors import PolyrankError
from common.kinds import check_kinds
from common.suggestions import nearest


class SettingsError(PolyrankError, ValueError):
    """A configuration that can't be used: says which key, the value got and the value wanted."""


class Settings(pydantic.BaseModel):
    """Base of every configuration class.

    Beyond pydantic's rules, `true` and `false` are no numbers, nothing but them is a boolean, and
    no number is NaN or infinite.
    """

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False
    )

    @pydantic.field_validator("*", mode="before")
    @classmethod
    def _kinds(cls, value: Any, info: pydantic.ValidationInfo) -> Any:
        field = cls.model_fields.get(info.field_name or "")
        if field is not None:
            check_kinds(field.annotation, value)
        return value


_Settings = TypeVar("_Settings", bound=Settings)


def _settings_at(cls: type[Settings], path: tuple[int | str, ...]) -> type[Settings]:
    """The settings class that holds the key at the end of `path`."""
    for key in path[:-1]:
        field = cls.model_fields.get(str(key))
        if field is None:
            continue
        candidates = [field.annotation, *typing.get_args(field.annotation)]
        nested = [x for x in candidates if isinstance(x, type) and issubclass(x, Settings)]
        if nested:
            cls = nested[0]
    return cls


def _explain(cls: type[Settings], error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = list(_settings_at(cls, error["loc"]).model_fields)
        return f"unknown key '{path}'; {nearest(str(error['loc'][-1]), known)}"
    if error["type"] == "missing":
        return f"'{path}' is missing"
    if error["type"] == "value_error":
        return f"'{path}': {error['ctx']['error']}" if path else str(error["ctx"]["error"])
    return f"'{path}' is {error['input']!r}: {error['msg']}"


def parse(cls: type[_Settings], values: Mapping[str, Any], source: str = "config") -> _Settings:
    """Builds `cls` from plain values, such as those of a YAML file.

    Args:
      cls: a subclass of Settings.
      values: keys to values, nested.
      source: names the values in errors (a file's path).

    Raises:
      SettingsError: an unknown key (with the nearest valid name), a missing or wrong value.
    """
    try:
        return cls.model_validate(values)
    except pydantic.ValidationError as error:
        lines = [_explain(cls, item) for item in error.errors()]
        raise SettingsError("\n".join(f"{source}: {line}" for line in lines)) from None
