"""Reading the artifacts that several of our executors take."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from schemas.contract import Contract, read_contract


def contract_of(artifacts: list[Any]) -> Contract:
    """Reads the contract of a Schema artifact (a folder with one schema.pbtxt)."""
    return read_contract(io_utils.SchemaReader().read(_schema_path(artifacts)))


def schema_text_of(artifacts: list[Any]) -> str:
    """Reads the text of a Schema artifact."""
    with fileio.open(_schema_path(artifacts), "r") as file:
        return str(file.read())


def _schema_path(artifacts: list[Any]) -> str:
    return str(io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(artifacts)))


def read_json(uri: str, name: str) -> Any:
    """Reads the JSON file `name` of an artifact's folder."""
    with fileio.open(f"{uri}/{name}", "r") as file:
        return json.load(file)
