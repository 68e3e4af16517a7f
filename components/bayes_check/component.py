"""The component BayesCheck."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.bayes_check.executor import Executor
from components.common.artifacts import BayesReport
from components.leak_alarm.config import LeaksConfig


class BayesCheckSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of BayesCheck."""

    PARAMETERS = {
        "leaks": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"report": component_spec.ChannelParameter(type=BayesReport)}


class BayesCheck(base_component.BaseComponent):
    """Raises BadDataError where the model ranks eval rows better than their true probabilities."""

    SPEC_CLASS = BayesCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        model: channel.BaseChannel,
        schema: channel.BaseChannel,
        leaks: LeaksConfig,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          examples: with the split eval.
          model: the candidate.
          schema: the data contract, with `truth:OUTPUT` tags.
          leaks: the limits.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            BayesCheckSpec(
                examples=examples,
                model=model,
                schema=schema,
                leaks=leaks.model_dump_json(),
                code_digest=code_digest,
                report=channel.Channel(type=BayesReport),
            )
        )
