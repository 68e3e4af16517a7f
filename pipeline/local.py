"""The pipeline on this machine: metadata of its own, the local Beam runner unless configured."""

from __future__ import annotations

import pathlib

from tfx.orchestration.pipeline import Pipeline

from common.source_digest import code_digest
from common.tfx_compat import beam_arguments
from components.model_registry.places import relative_place
from pipeline.config import PipelineConfig
from pipeline.feature_components import feature_components
from pipeline.locations import Locations
from pipeline.log_state import LogState, look_at_log
from pipeline.metadata import metadata_connection, open_record
from pipeline.pipeline import create_pipeline
from pipeline.run_parameters import configured
from pipeline.schema_defaults import fitted
from pipeline.state import local_state
from schemas.contract import load_schema_text, parse_schema, read_contract


def local_pipeline(
    config: PipelineConfig, work_dir: str | pathlib.Path, log: LogState | None = None
) -> Pipeline:
    """Builds the pipeline for LocalDagRunner; everything it writes is below `work_dir`.

    Every file of the window is read once for its digest, by which the cache knows it.

    Args:
      config: what to run.
      work_dir: the work folder.
      log: of `look_at_log`; None to look now.

    Raises:
      BadDataError: the window's spans are not there.
      ContractError: the schema can't be used.
      OutsideError: the folder of versions lies outside of the work folder, by a link.
      PolyrankError: ML Metadata can't be used.
      SettingsError: the configuration asks for what the schema does not have.
    """
    locations = _locations(config, work_dir)
    # Pusher would find it after the training.
    relative_place(locations.registry_path, f"{locations.serving_dir}/0")
    schema_text = load_schema_text(config.data.schema_path)
    config = fitted(config, read_contract(parse_schema(schema_text)))
    record = open_record(config.metadata, locations)
    return create_pipeline(
        config,
        locations,
        local_state(
            config, locations, schema_text, log or look_at_log(config), record.canary_refusals
        ),
        configured(config),
        schema_text=schema_text,
        metadata_connection_config=metadata_connection(config.metadata, locations),
    )


def local_feature_pipeline(
    config: PipelineConfig, work_dir: str | pathlib.Path, log: LogState | None = None
) -> Pipeline:
    """Builds the part of `local_pipeline` that ends with Transform.

    It has the same name and metadata, so that each takes from the cache what the other made. The
    arguments are the same too.

    Raises:
      BadDataError: the window's spans are not there.
      ContractError: the schema can't be used.
    """
    locations = _locations(config, work_dir)
    schema_text = load_schema_text(config.data.schema_path)
    config = fitted(config, read_contract(parse_schema(schema_text)))
    state = local_state(config, locations, schema_text, log or look_at_log(config))
    components = feature_components(
        config, state, configured(config), schema_text=schema_text, code_digest=code_digest()
    )
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=locations.pipeline_root,
        components=list(components),
        enable_cache=True,
        metadata_connection_config=metadata_connection(config.metadata, locations),
        beam_pipeline_args=beam_arguments(config.beam_pipeline_args),
    )


def _locations(config: PipelineConfig, work_dir: str | pathlib.Path) -> Locations:
    work_dir = pathlib.Path(work_dir).resolve()
    work_dir.mkdir(parents=True, exist_ok=True)
    return Locations(str(work_dir), config.name)
