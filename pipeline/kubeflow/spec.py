"""The same pipeline for Kubeflow v2: no metadata connection, parameters and tokens by run."""

from __future__ import annotations

import os
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.pipeline import Pipeline

from pipeline.config import PipelineConfig
from pipeline.kubeflow.argument_limit import check_arguments
from pipeline.kubeflow.resources import NodeResources, resources_of
from pipeline.locations import Locations
from pipeline.pipeline import create_pipeline
from pipeline.run_parameters import cluster_parameters
from pipeline.schema_defaults import fitted
from pipeline.state import RunState, cluster_state
from schemas.contract import load_schema_text, parse_schema, read_contract

_ResourceSpec = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec


def kubeflow_pipeline(
    config: PipelineConfig, work_dir: str, state: RunState | None = None
) -> Pipeline:
    """Builds the pipeline for KubeflowV2DagRunner.

    Every run must pass the parameters of `run_parameters.cluster_values`: none has a default.

    Args:
      config: the schema it names is read here.
      work_dir: the work folder as the cluster sees it.
      state: the run's tokens; else the parameter `state-token`, which every run must pass.

    Raises:
      ContractError: the schema can't be used.
      SettingsError: the configuration asks for what the schema does not have, or `resources`
        name what is not there, or the schema is too large for a cluster.
    """
    schema_text = load_schema_text(config.data.schema_path)
    config = fitted(config, read_contract(parse_schema(schema_text)))
    pipeline = create_pipeline(
        config,
        Locations(work_dir, config.name),
        state or cluster_state(),
        cluster_parameters(),
        schema_text=schema_text,
    )
    check_arguments(pipeline.components)
    for component in pipeline.components:
        spec = _resource_spec(resources_of(config.resources, component.id))
        if spec.ListFields():
            component.with_platform_config(spec)
    return pipeline


def _resource_spec(wanted: NodeResources) -> Any:
    spec = _ResourceSpec(cpu_limit=wanted.cpu or 0, memory_limit=wanted.memory_gb or 0)
    if wanted.gpus:
        spec.accelerator.type, spec.accelerator.count = wanted.gpu_type, wanted.gpus
    return spec


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
