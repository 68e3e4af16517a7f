"""What a run's components have left, by their records."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.run_record import ComponentRecord


def output_of(components: Iterable[ComponentRecord], name: str, key: str) -> mlmd.Artifact | None:
    """Returns an output of a component; None where the run did not get there."""
    for component in components:
        if component.name == name:
            return component.outputs.get(key)
    return None


def read_object(artifact: mlmd.Artifact | None, file_name: str) -> dict[str, Any]:
    """Reads a JSON object of an artifact; empty where there is none."""
    if artifact is None:
        return {}
    path = pathlib.Path(artifact.uri) / file_name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
