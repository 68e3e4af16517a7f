"""YAML as it was meant: what plain YAML reads as something else, or leaves out, is refused."""

from __future__ import annotations

import codecs
import pathlib
import re
from typing import Any

import yaml

from common.settings import SettingsError

_UTF16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_INT, _FLOAT, _BOOL, _NULL = (
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null")
)
_WORDS = {_BOOL: "true or false", _NULL: "null"}


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses what YAML 1.1 silently takes otherwise than it looks."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._unfinished: set[str] = set()

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) and event.anchor in self._unfinished:
            raise _refused(event.start_mark, f"'*{event.anchor}' stands inside itself")
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> Any:
        plain = self.peek_event().implicit[0]  # type: ignore[no-untyped-call]
        node = super().compose_scalar_node(anchor)
        if plain:
            _refuse_other_bases(node)
        return node

    def compose_sequence_node(self, anchor: Any) -> Any:
        self._unfinished.add(anchor)
        node = super().compose_sequence_node(anchor)
        self._unfinished.discard(anchor)
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        self._unfinished.add(anchor)
        node = super().compose_mapping_node(anchor)
        self._unfinished.discard(anchor)
        # Here, since a merge (`<<`) writes the keys that it brings into the node later.
        _refuse_keys(node)
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            # Of a date such as 2026-02-31.
            raise _refused(node.start_mark, f"{node.value} can't be read: {error}") from None


def _refuse_other_bases(node: Any) -> None:
    text = node.value
    if _OCTAL.fullmatch(text):
        sign = "-" if text.startswith("-") else ""
        decimal = sign + (text.lstrip("+-0_") or "0")
        what = f"{text} begins with 0, as octal numbers of YAML do; write {decimal}"
    elif node.tag in (_INT, _FLOAT) and ":" in text:
        what = f"{text} is a number of base 60 in YAML; write a plain number"
    else:
        return
    raise _refused(node.start_mark, f"{what}, or '{text}' in quotes for a text")


def _refuse_keys(node: Any) -> None:
    places: dict[tuple[str, str], str] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.tag in (_BOOL, _NULL):
            what = f"YAML reads the key '{key.value}' as {_WORDS[key.tag]}; put it in quotes"
            raise _refused(key.start_mark, what)
        first = places.get((key.tag, key.value))
        if first is not None:
            what = f"'{key.value}' is set twice, first on {first}; keep one of the two"
            raise _refused(key.start_mark, what)
        places[key.tag, key.value] = _place(key.start_mark)


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _refused(mark: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def load_yaml(text: str, source: str) -> Any:
    """Reads one YAML document.

    Beyond what PyYAML's safe loader refuses, these are errors: a key that is set twice, at any
    depth; a key that is a boolean or null in YAML (`on`, `no`, `~`); numbers that are not what
    they look like (`0512` is 330, `12:30` is 750); and an alias inside of what it names. Anchors
    and merges (`<<`) are as in plain YAML.

    Args:
      text: the document.
      source: names it in errors (a file's path, an option).

    Raises:
      SettingsError: one line with the place and what to write.
    """
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{source}, {_place(mark)}" if mark else source
        what = error.problem or error.context or ""
        # Some of PyYAML's problems are the end of a sentence that its context begins.
        what = f"{error.context} {what}" if what.startswith("but ") else what
        raise SettingsError(f"{where}: {what}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"the character U+{error.character:04X} is not allowed in YAML"
        raise SettingsError(f"{source}, line {line}: {what}") from None
    except RecursionError:
        raise SettingsError(f"{source}: nested too deeply to be read") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{source}: {error}") from None


def read_text(path: pathlib.Path) -> str:
    """Reads a configuration file in UTF-8, with or without a byte order mark.

    Raises:
      SettingsError: it is missing, a folder, unreadable or in another encoding; says which.
    """
    try:
        if path.is_dir():
            raise SettingsError(f"config file {path} is a folder; name the YAML file in it")
        if path.exists() and not path.is_file():
            raise SettingsError(f"config file {path} is no regular file; give a YAML file")
        data = path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(f"config file {path} does not exist") from None
    except OSError as error:
        raise SettingsError(f"config file {path} can't be read: {error.strerror}") from None
    if data.startswith(_UTF16_OR_32):
        raise SettingsError(f"config file {path} is in UTF-16 or UTF-32; save it as UTF-8")
    if b"\0" in data:
        raise SettingsError(f"config file {path} holds a NUL byte; save it as text in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"config file {path}, line {line}: the byte 0x{data[error.start]:02x} at offset "
            f"{error.start} is not UTF-8; save the file as UTF-8"
        ) from None
