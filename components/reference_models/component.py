"""The component ReferenceModels."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.common.artifacts import ReferenceMetrics
from components.reference_models.executor import Executor


class ReferenceModelsSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of ReferenceModels."""

    PARAMETERS = {
        "max_rows": component_spec.ExecutionParameter(type=int),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"references": component_spec.ChannelParameter(type=ReferenceMetrics)}


class ReferenceModels(base_component.BaseComponent):
    """Fits smoothed rates and logistic regression, and measures them on the eval split."""

    SPEC_CLASS = ReferenceModelsSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        transform_graph: channel.BaseChannel,
        schema: channel.BaseChannel,
        max_rows: int,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          examples: with the splits train, validation and eval.
          transform_graph: Transform's output.
          schema: the data contract.
          max_rows: a split with more rows is thinned evenly to at most so many.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            ReferenceModelsSpec(
                examples=examples,
                transform_graph=transform_graph,
                schema=schema,
                max_rows=max_rows,
                code_digest=code_digest,
                references=channel.Channel(type=ReferenceMetrics),
            )
        )
