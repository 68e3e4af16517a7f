"""The source of a module that is no part of Polyrank: its digest, and what it imports."""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

from common.source_digest import PACKAGES, add_part
from common.source_imports import imports_of

OWN_PACKAGES = frozenset((*PACKAGES, "cli", "polyrank"))
"""Our top-level packages: what imports them depends on `code_digest`."""

INSTALLED = frozenset(("site-packages", "dist-packages"))
"""Folders that hold what was installed, not written here."""


class ModuleSource(NamedTuple):
    """What a module is made of.

    Attributes:
      digest: SHA-256 over its Python files; "" for a module of ours.
      imports: the names that they import by statements, sorted: modules and what is in them.
    """

    digest: str
    imports: tuple[str, ...]


def module_source(name: str) -> ModuleSource:
    """Reads a module's Python files: all those of its top-level package, or its one file.

    What they import by statements, on any level, from the folder that holds the module counts
    too. What is installed with it (in site-packages) is not followed, nor are our packages.

    Args:
      name: of a module that can be imported, such as `shop.models.deep`.

    Raises:
      ValueError: it has no Python file.
    """
    top = name.partition(".")[0]
    if top in OWN_PACKAGES:
        return ModuleSource("", ())
    folder = _folder_of(top)
    files = _files(folder, top) if folder else {}
    if not files:
        raise ValueError(f"module '{name}' has no Python file")
    digest = hashlib.sha256()
    imports: set[str] = set()
    for place, content in sorted(files.items()):
        add_part(digest, place.encode())
        add_part(digest, content)
        imports |= _imports(place, content)
    return ModuleSource(digest.hexdigest(), tuple(sorted(imports)))


def _folder_of(top: str) -> pathlib.Path | None:
    """The folder that holds a top-level module or package."""
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    # A namespace package has no file of its own, and what is built in no place at all.
    places = list(spec.submodule_search_locations or ())
    if not places and spec.has_location and spec.origin:
        places = [spec.origin]
    return pathlib.Path(places[0]).parent if places else None


def _files(folder: pathlib.Path, top: str) -> dict[str, bytes]:
    """The files of a module and of what it imports from the same folder: place -> content."""
    follows = not INSTALLED.intersection(folder.parts)
    found: dict[str, bytes] = {}
    seen, waiting = set(OWN_PACKAGES), [top]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in _files_of(folder, name):
            place = path.relative_to(folder).as_posix()
            found[place] = path.read_bytes()
            if follows:
                waiting += [x.partition(".")[0] for x in _imports(place, found[place])]
    return found


def _files_of(folder: pathlib.Path, name: str) -> Iterator[pathlib.Path]:
    module = folder / f"{name}.py"
    if module.is_file():
        yield module
    for path in (folder / name).rglob("*.py"):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _imports(place: str, content: bytes) -> set[str]:
    package = place.rpartition("/")[0].replace("/", ".")
    try:
        return set(imports_of(content.decode(errors="replace"), package)) - {""}
    except (SyntaxError, ValueError):
        return set()  # Nothing that can't be read can be imported.
