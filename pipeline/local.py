"""The pipeline on this machine: SQLite metadata, the local Beam runner."""

from __future__ import annotations

import pathlib

from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from pipeline.config import PipelineConfig
from pipeline.locations import Locations
from pipeline.pipeline import create_pipeline
from pipeline.state import local_state
from schemas.contract import load_schema_text


def local_pipeline(config: PipelineConfig, work_dir: str | pathlib.Path) -> Pipeline:
    """Builds the pipeline for LocalDagRunner; everything it writes is below `work_dir`.

    Raises:
      BadDataError: the window's spans are not there.
      ContractError: the schema can't be used.
    """
    work_dir = pathlib.Path(work_dir).resolve()
    work_dir.mkdir(parents=True, exist_ok=True)
    locations = Locations(str(work_dir), config.name)
    schema_text = load_schema_text(config.data.schema_path)
    return create_pipeline(
        config,
        locations,
        local_state(config, locations, schema_text),
        schema_text=schema_text,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            locations.metadata_path
        ),
    )
