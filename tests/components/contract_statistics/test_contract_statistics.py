"""Statistics of the contract's columns alone."""

import pathlib

import pytest
from impression_log import FEATURES
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import standard_artifacts

from common.tfx_compat import beam_arguments
from components.contract_statistics.executor import Executor
from components.impression_example_gen.sampling import SamplingConfig


@pytest.mark.e2e
def test_what_sampling_adds_has_no_statistics(log):
    examples, _ = log.run("run", sampling=SamplingConfig(negatives_kept=0.5))
    schema, statistics = standard_artifacts.Schema(), standard_artifacts.ExampleStatistics()
    schema.uri = str(log.folder / "run" / "schema")
    statistics.uri = str(log.folder / "statistics")
    context = Executor.Context(beam_pipeline_args=beam_arguments([]))
    Executor(context).Do(
        {"examples": [examples], "schema": [schema]},
        {"statistics": [statistics]},
        {"exclude_splits": '["validation"]'},
    )
    folders = sorted(path.name for path in pathlib.Path(statistics.uri).iterdir())
    assert folders == ["Split-eval", "Split-train"]
    found = statistics_pb2.DatasetFeatureStatisticsList()
    found.ParseFromString(
        pathlib.Path(statistics.uri, "Split-train", "FeatureStats.pb").read_bytes()
    )
    (rows,) = found.datasets
    assert rows.num_examples == examples.get_int_custom_property("rows_train")
    assert {feature.path.step[0] for feature in rows.features} == set(FEATURES)
