"""A schema in protobuf's text format, from a text or a file."""

from __future__ import annotations

import pathlib

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.tags import ContractError


def parse_schema(text: str, source: str = "schema") -> schema_pb2.Schema:
    """Parses a schema in text format; `source` names it in errors."""
    try:
        return text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        raise ContractError(f"{source}: {error}") from None


def load_schema(path: str | pathlib.Path) -> schema_pb2.Schema:
    """Loads a schema in text format.

    Raises:
      ContractError: the file is missing, no UTF-8, or can't be parsed.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ContractError(f"schema file {path} does not exist")
    content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ContractError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is no UTF-8; save the schema "
            "as UTF-8"
        ) from None
    return parse_schema(text, str(path))
