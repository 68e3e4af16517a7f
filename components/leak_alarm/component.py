"""The component LeakAlarm."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.common.artifacts import LeakReport
from components.leak_alarm.config import LeaksConfig
from components.leak_alarm.executor import Executor


class LeakAlarmSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of LeakAlarm."""

    PARAMETERS = {
        "leaks": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"report": component_spec.ChannelParameter(type=LeakReport)}


class LeakAlarm(base_component.BaseComponent):
    """Raises BadDataError where a feature alone ranks a label of the train rows too well."""

    SPEC_CLASS = LeakAlarmSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        schema: channel.BaseChannel,
        leaks: LeaksConfig,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          examples: with the split train.
          schema: the data contract.
          leaks: the limits.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            LeakAlarmSpec(
                examples=examples,
                schema=schema,
                leaks=leaks.model_dump_json(),
                code_digest=code_digest,
                report=channel.Channel(type=LeakReport),
            )
        )
