"""The component PromotionGate."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.common.artifacts import GateResult, ReferenceComparison
from components.promotion_gate.config import GateConfig
from components.promotion_gate.executor import Executor


class PromotionGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of PromotionGate."""

    PARAMETERS = {
        "gate_config": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "baseline_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "comparison": component_spec.ChannelParameter(type=ReferenceComparison, optional=True),
    }
    OUTPUTS = {
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "gate": component_spec.ChannelParameter(type=GateResult),
    }


class PromotionGate(base_component.BaseComponent):
    """Gives every scenario x output a verdict with its reason, and blesses or refuses."""

    SPEC_CLASS = PromotionGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        evaluation: channel.BaseChannel,
        baseline_model: channel.BaseChannel,
        schema: channel.BaseChannel,
        gate: GateConfig,
        code_digest: str,
        comparison: channel.BaseChannel | None = None,
    ):
        """Builds the component.

        Args:
          evaluation: the Evaluator's output for `eval_config.make_eval_config`.
          baseline_model: Baseline's output; its `exists` says whether it is a pushed version.
          schema: the data contract.
          gate: the limits.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
          comparison: ReferenceComparison's output, where there is that component.
        """
        super().__init__(
            PromotionGateSpec(
                evaluation=evaluation,
                baseline_model=baseline_model,
                schema=schema,
                # Unset values stay unset: an override inherits them.
                gate_config=gate.model_dump_json(exclude_unset=True),
                code_digest=code_digest,
                comparison=comparison,
                blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
                gate=channel.Channel(type=GateResult),
            )
        )
