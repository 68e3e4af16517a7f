"""An architecture of the user's own: the class that `package.module:Class` names."""

from __future__ import annotations

import contextlib
import importlib
import pathlib
import pkgutil
import re
import sys
import traceback
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import tf_keras as keras

from common.module_source import INSTALLED, OWN_PACKAGES, module_source
from common.settings import SettingsError
from common.suggestions import nearest
from models.config import ModelConfig

if TYPE_CHECKING:
    from models.architecture import Architecture

_SPELLED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_BASE = "models.architecture.Architecture"


class OwnArchitecture(NamedTuple):
    """A class, with the digest of the source that it was imported from, and what that imports."""

    cls: type[Architecture]
    digest: str
    imports: tuple[str, ...]


_LOADED: dict[str, OwnArchitecture] = {}


def is_own(name: str) -> bool:
    """Whether a name is that of a class, not one of a shipped architecture."""
    return ":" in name


def own_architecture(name: str, source: str) -> OwnArchitecture:
    """Imports an architecture, once in a process.

    Modules are searched in the current folder first, then where Python searches them. Once
    imported, code and digest stay what they were, whatever becomes of the file.

    Args:
      name: `package.module:Class`.
      source: names the setting in errors.

    Raises:
      SettingsError: there is no such module or class, the module can't be imported, or the class
        is no architecture.
    """
    if name not in _LOADED:
        if not _SPELLED.fullmatch(name):
            raise SettingsError(f"{source}: '{name}' names no class; write package.module:Class")
        module_name, _, class_name = name.partition(":")
        module = _imported(module_name, source)
        cls = _class(module, class_name, source)
        try:
            found = module_source(module_name)
        except ValueError as error:
            raise SettingsError(
                f"{source}: {error}, and what was made from another source would be taken for "
                "its own; keep its .py files where it is imported from"
            ) from None
        _LOADED[name] = OwnArchitecture(cls, *found)
    return _LOADED[name]


def _imported(name: str, source: str) -> ModuleType:
    folder = str(pathlib.Path.cwd())
    if folder not in sys.path and "" not in sys.path:
        _import_our_packages()
        sys.path.insert(0, folder)
    # A file that was written a moment ago is found too.
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if f"{name}.".startswith(f"{missing}."):
            raise SettingsError(f"{source}: {_not_found(name, missing, folder)}") from None
        raise SettingsError(f"{source}: {_failed(name, error)}") from error
    except Exception as error:
        raise SettingsError(f"{source}: {_failed(name, error)}") from error


def _import_our_packages() -> None:
    """Has our packages found before the current folder is searched, which may hold a `data` too."""
    for package in OWN_PACKAGES:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)


def _not_found(name: str, missing: str, folder: str) -> str:
    parent, _, last = missing.rpartition(".")
    top = name.partition(".")[0]
    if top in OWN_PACKAGES:
        return f"no module '{missing}': '{top}' is a package of Polyrank; give yours another name"
    paths = getattr(sys.modules.get(parent), "__path__", []) if parent else [folder]
    known = sorted(found.name for found in pkgutil.iter_modules(paths))
    guess = f"; {nearest(last, known)}" if known else ""
    return (
        f"no module '{missing}' in the current folder ({folder}) or on Python's path{guess} (start "
        "in the folder that holds it, or name that folder in PYTHONPATH)"
    )


def _failed(name: str, error: Exception) -> str:
    """Says where a module failed: the last line that is the user's."""
    text = str(error)
    if isinstance(error, SyntaxError):
        # Its text names the place too, the file without its folder.
        text = error.msg
        place = f"{error.filename}, line {error.lineno}"
    else:
        calls = [x for x in traceback.walk_tb(error.__traceback__) if "importlib" not in _file(x)]
        call = ([x for x in calls if _of_user(x, name.partition(".")[0])] or calls)[-1]
        place = f"{_file(call)}, line {call[1]}"
    # Some libraries' messages have several lines.
    words = " ".join(text.split())
    return f"module '{name}' can't be imported: {type(error).__name__}: {words} ({place})"


def _file(call: tuple[FrameType, int]) -> str:
    return call[0].f_code.co_filename


def _of_user(call: tuple[FrameType, int], package: str) -> bool:
    top = str(call[0].f_globals.get("__name__")).partition(".")[0]
    if top == package:
        return True
    known = top in OWN_PACKAGES or top in sys.stdlib_module_names
    return not known and not INSTALLED.intersection(pathlib.Path(_file(call)).parts)


def _class(module: ModuleType, name: str, source: str) -> type[Architecture]:
    from models.architecture import Architecture

    def architectures(value: Any) -> bool:
        own = isinstance(value, type) and issubclass(value, Architecture)
        return own and value is not Architecture

    path = getattr(module, "__file__", None) or module.__name__
    if not hasattr(module, name):
        known = sorted(key for key, value in vars(module).items() if architectures(value))
        words = nearest(name, known) if known else f"it holds no subclass of {_BASE}"
        raise SettingsError(
            f"{source}: module '{module.__name__}' ({path}) has no '{name}'; {words}"
        )
    cls = getattr(module, name)
    called = f"{source}: '{module.__name__}:{name}' ({path})"
    if not architectures(cls):
        kind = "a class" if isinstance(cls, type) else f"of type {type(cls).__name__}"
        raise SettingsError(f"{called} is {kind}; want a subclass of {_BASE}")
    if cls.call is keras.layers.Layer.call:
        raise SettingsError(f"{called} has no method `call`; write one that returns log-odds")
    config = cls.config_class
    if not (isinstance(config, type) and issubclass(config, ModelConfig)):
        raise SettingsError(
            f"{called}: its `config_class` is {config!r}; want a subclass of "
            "models.config.ModelConfig"
        )
    return cls
