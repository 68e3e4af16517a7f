"""The same pipeline for Kubeflow v2: no metadata connection, tokens passed by the run."""

from __future__ import annotations

from tfx.orchestration.pipeline import Pipeline

from pipeline.config import PipelineConfig
from pipeline.locations import Locations
from pipeline.pipeline import create_pipeline
from pipeline.state import cluster_state
from schemas.contract import load_schema_text


def kubeflow_pipeline(config: PipelineConfig, work_dir: str) -> Pipeline:
    """Builds the pipeline for KubeflowV2DagRunner.

    Args:
      config: `data.path` is the folder of spans as the cluster sees it; the schema is read here.
      work_dir: the work folder as the cluster sees it.
    """
    schema_text = load_schema_text(config.data.schema_path)
    return create_pipeline(
        config,
        Locations(work_dir, config.name),
        cluster_state(),
        schema_text=schema_text,
    )
