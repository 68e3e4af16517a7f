"""The code that a module depends on: its imports, followed through the source, and their text.

Modules are read and not imported, so that whoever wants a digest needs no library that they use.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import io
import pathlib
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping

from common.source_digest import ROOT, add_part

_DEFINITIONS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def files_digest(files: Mapping[str, pathlib.Path]) -> str:
    """Returns the SHA-256 over the modules' names and code, in the order given.

    Comments, docstrings and empty lines have no part in it.

    Args:
      files: module -> its file, of `imported_files`.
    """
    digest = hashlib.sha256()
    for name, path in files.items():
        add_part(digest, name.encode())
        add_part(digest, bare_code(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def imported_files(
    modules: Iterable[str], follows: Callable[[str], bool], root: pathlib.Path = ROOT
) -> dict[str, pathlib.Path]:
    """Returns the modules and all that they import, directly or not: sorted name -> its file.

    Imports within functions count; names that are imported from a package may be its modules.

    Args:
      modules: names of modules below `root`; others are left out.
      follows: whether a module counts; what one that does not count imports is not looked at.
      root: the folder that holds the packages.
    """
    found: dict[str, pathlib.Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = module_file(name, root)
        if path is None or name in found or not follows(name):
            continue
        found[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        # A package's own file runs before its modules.
        waiting += [package, *imports_of(path.read_text(encoding="utf-8"), package)]
    return dict(sorted(found.items()))


def module_file(name: str, root: pathlib.Path = ROOT) -> pathlib.Path | None:
    """Returns the file of a module or of a package below `root`; None where there is none."""
    place = root.joinpath(*name.split("."))
    choices = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((path for path in choices if name and path.is_file()), None)


@functools.lru_cache(maxsize=1024)
def imports_of(source: str, package: str) -> tuple[str, ...]:
    """Returns the names that Python source imports, of modules or of what is in them.

    Args:
      source: the text of a module.
      package: what holds the module, for relative imports; "" where nothing does.

    Raises:
      SyntaxError: it is no Python.
    """
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


@functools.lru_cache(maxsize=1024)
def bare_code(source: str) -> str:
    """Returns Python source without comments, docstrings, empty lines and trailing spaces.

    It is the text that was written, so that every version of Python finds the same.
    """
    lines = [list(line) for line in source.split("\n")]
    for (first, start), (last, end) in (*_comments(source), *_docstrings(source)):
        for row in range(first, last + 1):
            until = end if row == last else len(lines[row])
            since = start if row == first else 0
            lines[row][since:until] = " " * (until - since)
    texts = ("".join(line).rstrip() for line in lines)
    return "\n".join(text for text in texts if text)


_Place = tuple[tuple[int, int], tuple[int, int]]
"""First and last line and column, from 0; the last column does not belong to it."""


def _comments(source: str) -> Iterator[_Place]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            (first, start), (last, end) = token.start, token.end
            yield (first - 1, start), (last - 1, end)


def _docstrings(source: str) -> Iterator[_Place]:
    """Strings that are a statement, as a definition's docstring and a constant's."""
    # Python's lines: str.splitlines knows more ends, a form feed among them.
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, _DEFINITIONS):
            continue
        for one in node.body:
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                text = one.value
                if isinstance(text.value, str):
                    first, last = text.lineno - 1, (text.end_lineno or text.lineno) - 1
                    # The parser counts a line's bytes.
                    start = len(lines[first].encode()[: text.col_offset].decode())
                    end = len(lines[last].encode()[: text.end_col_offset].decode())
                    yield (first, start), (last, end)
