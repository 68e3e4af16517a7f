import json
import pathlib

import pytest
from impression_log import SCHEMA
from tfx import v1 as tfx
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from common.settings import SettingsError
from common.tfx_compat import beam_arguments
from components.impression_example_gen.component import ImpressionExampleGen
from components.impression_example_gen.split import SplitConfig
from components.span_window.component import SpanWindow
from components.span_window.config import WindowConfig


def _components(folder, **properties):
    schema = folder / "schema.pbtxt"
    schema.write_text(SCHEMA)
    data_path = str(folder / "log")
    days = WindowConfig(train_spans=2, eval_spans=1)
    window = SpanWindow(data_path, "latest", days, state_token="s", code_digest="c")
    contract = tfx.components.ImportSchemaGen(schema_file=str(schema))
    examples = ImpressionExampleGen(
        window.outputs["window"],
        contract.outputs["schema"],
        data_path,
        state_token="s",
        code_digest="c",
        split=SplitConfig(validation_fraction=0.25),
        **properties,
    )
    return [window, contract, examples]


def _pipeline(folder, **properties):
    return tfx.dsl.Pipeline(
        "example-gen",
        str(folder / "root"),
        components=_components(folder, **properties),
        metadata_connection_config=sqlite_metadata_connection_config(str(folder / "metadata.db")),
        beam_pipeline_args=beam_arguments([]),
    )


@pytest.mark.parametrize("properties", [{"shards": 0}, {"compression_level": 0}])
def test_unusable_numbers_are_refused_before_the_run(tmp_path, properties):
    with pytest.raises(SettingsError, match="write at least 1, and 1 to 9"):
        _components(tmp_path, **properties)


def test_compiles_for_kubeflow(tmp_path):
    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(default_image="image"),
        output_dir=str(tmp_path),
        output_filename="pipeline.json",
    )
    runner.run(_pipeline(tmp_path), write_out=True)
    spec = json.loads((tmp_path / "pipeline.json").read_text())["pipelineSpec"]
    outputs = spec["components"]["ImpressionExampleGen"]["outputDefinitions"]["artifacts"]
    schema = outputs["quarantine"]["artifactType"]["instanceSchema"]
    assert schema.startswith("title: polyrank.Quarantine")
    assert outputs["examples"]["artifactType"]["instanceSchema"].startswith("title: tfx.Examples")


@pytest.mark.e2e
def test_runs_in_a_local_pipeline(log):
    runner = tfx.orchestration.LocalDagRunner()
    runner.run(_pipeline(log.folder))
    root = pathlib.Path(log.folder, "root", "ImpressionExampleGen", "examples")
    (written,) = root.iterdir()
    record = json.loads((written / "examples.json").read_text())
    counts = {"train": 60, "validation": 20, "eval": 40, "quarantined": 0, "sampled_away": 0}
    assert record["rows"] == counts
