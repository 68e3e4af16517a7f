"""The component ReferenceComparison."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.common.artifacts import ReferenceComparison as ComparisonArtifact
from components.common.artifacts import ReferenceMetrics
from components.reference_comparison.executor import Executor


class ReferenceComparisonSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of ReferenceComparison."""

    PARAMETERS = {
        "max_rows": component_spec.ExecutionParameter(type=int),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "references": component_spec.ChannelParameter(type=ReferenceMetrics),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"comparison": component_spec.ChannelParameter(type=ComparisonArtifact)}


class ReferenceComparison(base_component.BaseComponent):
    """Measures what the candidate gains on each reference model, paired by row."""

    SPEC_CLASS = ReferenceComparisonSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        model: channel.BaseChannel,
        references: channel.BaseChannel,
        schema: channel.BaseChannel,
        max_rows: int,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          examples: with the split eval.
          model: the candidate.
          references: ReferenceModels' output.
          schema: the data contract.
          max_rows: ReferenceModels'.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            ReferenceComparisonSpec(
                examples=examples,
                model=model,
                references=references,
                schema=schema,
                max_rows=max_rows,
                code_digest=code_digest,
                comparison=channel.Channel(type=ComparisonArtifact),
            )
        )
