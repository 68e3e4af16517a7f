"""Architectures by name, each with the class of its hyper-parameters.

The files of `models.zoo` register themselves; they are imported when the first name is
looked up, so that whoever needs a name needs this module only. `package.module:Class` names an
architecture of the user's own (`models.own_architecture`).
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from common.settings import SettingsError, parse
from common.suggestions import nearest
from models.config import ModelConfig
from models.own_architecture import is_own, own_architecture

if TYPE_CHECKING:
    from models.architecture import Architecture

_Class = TypeVar("_Class", bound="type[Architecture]")
_REGISTERED: dict[str, tuple[type[Architecture], type[ModelConfig]]] = {}


def register(name: str, config_class: type[ModelConfig]) -> Callable[[_Class], _Class]:
    """Registers the decorated architecture as `name`.

    Raises:
      ValueError: another class has that name.
    """

    def add(cls: _Class) -> _Class:
        known = _REGISTERED.get(name)
        if known is not None and known[0].__qualname__ != cls.__qualname__:
            raise ValueError(f"'{name}' is {known[0].__qualname__} already; name it otherwise")
        cls.config_class = config_class
        _REGISTERED[name] = (cls, config_class)
        return cls

    return add


def names() -> tuple[str, ...]:
    """Returns the names of the architectures that are shipped, sorted."""
    importlib.import_module("models.zoo")
    return tuple(sorted(_REGISTERED))


def _entry(name: str, source: str) -> tuple[type[Architecture], type[ModelConfig]]:
    if is_own(name):
        cls = own_architecture(name, source).cls
        return cls, cls.config_class
    known = names()
    if name not in known:
        own = "; write one of your own as package.module:Class" if "." in name else ""
        raise SettingsError(f"{source}: unknown architecture '{name}'; {nearest(name, known)}{own}")
    return _REGISTERED[name]


def architecture(name: str, source: str = "model") -> type[Architecture]:
    """Returns the architecture called `name`.

    Args:
      name: of one that is shipped, or `package.module:Class`.
      source: names the setting in errors.

    Raises:
      SettingsError: there is none; the nearest name is given.
    """
    return _entry(name, source)[0]


def with_own_source(code: str, name: str) -> str:
    """Returns the digest of all source that a model is made from.

    Args:
      code: the digest of ours.
      name: the architecture's; one of the user's own adds the digest of its source.

    Raises:
      SettingsError: there is no such architecture.
    """
    if not is_own(name):
        return code
    own = own_architecture(name, "model").digest
    return hashlib.sha256(f"{code} {own}".encode()).hexdigest()


def parse_model_config(values: Mapping[str, Any], source: str = "model") -> ModelConfig:
    """Builds the config of the architecture that `values["name"]` names.

    Args:
      values: the config's plain values, as in a YAML file.
      source: names the values in errors.

    Raises:
      SettingsError: `name` is missing or unknown, or a key or value is wrong.
    """
    name = values.get("name")
    if not isinstance(name, str):
        raise SettingsError(f"{source}: 'name' is missing; write one of {', '.join(names())}")
    return parse(_entry(name, source)[1], values, source)


def check_epochs(model: ModelConfig, max_epochs: int) -> None:
    """Refuses a training that is too short for the phases of its model.

    Raises:
      SettingsError: says how many epochs the model needs.
    """
    if model.least_epochs > max_epochs:
        raise SettingsError(
            f"training.max_epochs is {max_epochs}, and '{model.name}' needs {model.least_epochs} "
            "with its settings; raise max_epochs, or shorten the model's phases"
        )
