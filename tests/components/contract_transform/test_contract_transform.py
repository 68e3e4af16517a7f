"""The contract of the schema artifact makes the transform graph."""

import pytest
import tensorflow_transform as tft
from tfx.types import standard_artifacts
from tfx.utils import json_utils

from common.tfx_compat import beam_arguments
from components.contract_transform.executor import Executor


@pytest.mark.e2e
def test_the_graph_is_made_from_the_schema_artifact(log):
    examples, _ = log.run("run")
    schema, graph = standard_artifacts.Schema(), standard_artifacts.TransformGraph()
    schema.uri = str(log.folder / "run" / "schema")
    graph.uri = str(log.folder / "graph")
    context = Executor.Context(beam_pipeline_args=beam_arguments([]))
    Executor(context).Do(
        {"examples": [examples], "schema": [schema]},
        {"transform_graph": [graph]},
        {
            "preprocessing_fn": "models.features.preprocessing.preprocessing_fn",
            "custom_config": json_utils.dumps({"code_digest": "c"}),
            "disable_statistics": 1,
            "force_tf_compat_v1": 0,
        },
    )
    output = tft.TFTransformOutput(graph.uri)
    assert set(output.vocabulary_by_name("user__vocabulary")) == {b"u%d" % n for n in range(7)}
    names = {name.partition("__")[0] for name in output.transformed_feature_spec()}
    assert names >= {"user", "item", "age", "price"}
