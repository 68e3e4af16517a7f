"""The same pipeline for Kubeflow v2: no metadata connection, tokens that differ by run."""

from __future__ import annotations

import os

from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.pipeline import Pipeline

from pipeline.config import PipelineConfig
from pipeline.locations import Locations
from pipeline.pipeline import create_pipeline
from pipeline.state import RunState, cluster_state
from schemas.contract import load_schema_text


def kubeflow_pipeline(
    config: PipelineConfig, work_dir: str, state: RunState | None = None
) -> Pipeline:
    """Builds the pipeline for KubeflowV2DagRunner.

    Args:
      config: `data.path` is the folder of spans as the cluster sees it; the schema is read here.
      work_dir: the work folder as the cluster sees it.
      state: the run's tokens; else the parameter `state-token`, which every run must pass.
    """
    schema_text = load_schema_text(config.data.schema_path)
    return create_pipeline(
        config,
        Locations(work_dir, config.name),
        state or cluster_state(),
        schema_text=schema_text,
    )


def write_spec(pipeline: Pipeline, image: str, path: str | os.PathLike[str]) -> None:
    """Compiles a pipeline to KFP IR YAML, spec 2.1.

    Args:
      pipeline: of `kubeflow_pipeline`.
      image: the pipeline's container image.
      path: the file to write; its name ends with `.yaml`.
    """
    runner = KubeflowV2DagRunner(
        config=KubeflowV2DagRunnerConfig(default_image=image, use_pipeline_spec_2_1=True),
        output_filename=os.fspath(path),
    )
    runner.run(pipeline)
