"""The first part of the pipeline: from logged impressions to the transform graph."""

from __future__ import annotations

from typing import NamedTuple

from common.tfx_compat import ExampleValidator
from components.contract_statistics.component import ContractStatisticsGen
from components.contract_transform.component import ContractTransform
from components.data_gate.component import DataGate
from components.impression_example_gen.component import ImpressionExampleGen
from components.leak_alarm.component import LeakAlarm
from components.schema_import.component import SchemaImport
from components.span_window.component import SpanWindow
from pipeline.config import PipelineConfig
from pipeline.run_parameters import RunParameters
from pipeline.state import RunState
from schemas.contract import parse_schema, read_contract


class FeatureComponents(NamedTuple):
    """The components, in an order in which they can run."""

    window: SpanWindow
    schema: SchemaImport
    example_gen: ImpressionExampleGen
    statistics: ContractStatisticsGen
    validator: ExampleValidator
    data_gate: DataGate
    leak_alarm: LeakAlarm
    transform: ContractTransform


def feature_components(
    config: PipelineConfig,
    state: RunState,
    parameters: RunParameters,
    *,
    schema_text: str,
    code_digest: str,
) -> FeatureComponents:
    """Builds what every model's training starts with.

    Args:
      config: of the run.
      state: tokens of the outside world.
      parameters: the data and the window.
      schema_text: the tagged schema, in text format.
      code_digest: digest of our source.

    Raises:
      ContractError: the schema can't be used.
      SettingsError: `leaks` names an unknown feature.
    """
    contract = read_contract(parse_schema(schema_text))
    config.leaks.check_names(contract)
    window = SpanWindow(
        data_path=parameters.data_path,
        end=parameters.window_end,
        window=config.window,
        state_token=state.listing,
        code_digest=code_digest,
    )
    schema = SchemaImport(schema_text=schema_text, code_digest=code_digest)
    example_gen = ImpressionExampleGen(
        window=window.outputs["window"],
        schema=schema.outputs["schema"],
        data_path=parameters.data_path,
        split=config.split,
        sampling=config.sampling,
        volume=config.window.volume,
        shards=config.examples.shards,
        compression_level=config.examples.compression_level,
        state_token=state.files,
        code_digest=code_digest,
    )
    statistics = ContractStatisticsGen(
        examples=example_gen.outputs["examples"], schema=schema.outputs["schema"]
    ).with_id("StatisticsGen")
    validator = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    data_gate = DataGate(
        anomalies=validator.outputs["anomalies"],
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        code_digest=code_digest,
    )
    leak_alarm = LeakAlarm(
        examples=example_gen.outputs["examples"],
        schema=schema.outputs["schema"],
        leaks=config.leaks,
        code_digest=code_digest,
    )
    transform = ContractTransform(
        examples=example_gen.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn="models.features.preprocessing.preprocessing_fn",
        materialize=False,
        disable_statistics=True,
        custom_config={"code_digest": code_digest},
    ).with_id("Transform")
    # A failed gate must stop everything that would learn from the data.
    leak_alarm.add_upstream_node(data_gate)
    transform.add_upstream_nodes([data_gate, leak_alarm])
    return FeatureComponents(
        window, schema, example_gen, statistics, validator, data_gate, leak_alarm, transform
    )
