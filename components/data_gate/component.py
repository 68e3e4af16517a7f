"""The component DataGate."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.common.artifacts import DataBlessing
from components.data_gate.executor import Executor


class DataGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of DataGate."""

    PARAMETERS = {"code_digest": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "statistics": component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=DataBlessing)}


class DataGate(base_component.BaseComponent):
    """Raises BadDataError on anomalies, and on train rows that no model can learn from."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        anomalies: channel.BaseChannel,
        statistics: channel.BaseChannel,
        schema: channel.BaseChannel,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          anomalies: the ExampleAnomalies of ExampleValidator.
          statistics: the ExampleStatistics of StatisticsGen.
          schema: the Schema of SchemaImport.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            DataGateSpec(
                anomalies=anomalies,
                statistics=statistics,
                schema=schema,
                code_digest=code_digest,
                blessing=channel.Channel(type=DataBlessing),
            )
        )
