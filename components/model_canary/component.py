"""The component ModelCanary."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.model_canary.config import CanaryConfig
from components.model_canary.executor import Executor


class ModelCanarySpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of ModelCanary."""

    PARAMETERS = {
        "canary": component_spec.ExecutionParameter(type=str),
        "state_token": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "baseline_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)
    }


class ModelCanary(base_component.BaseComponent):
    """Serves a blessed candidate: signatures, the trainer's scores, size and latency."""

    SPEC_CLASS = ModelCanarySpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: channel.BaseChannel,
        model_run: channel.BaseChannel,
        blessing: channel.BaseChannel,
        baseline_model: channel.BaseChannel,
        schema: channel.BaseChannel,
        canary: CanaryConfig,
        state_token: str,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          model: the candidate.
          model_run: the Trainer's; its `canary/` holds rows and the trainer's scores.
          blessing: PromotionGate's; no server is started for a model that was refused.
          baseline_model: of Baseline; where it is a live version, its latency is compared.
          schema: the data contract.
          canary: the limits.
          state_token: changes where the candidate is to be examined again, as after a refusal;
            else the cache would repeat that.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            ModelCanarySpec(
                model=model,
                model_run=model_run,
                blessing=blessing,
                baseline_model=baseline_model,
                schema=schema,
                canary=canary.model_dump_json(),
                state_token=state_token,
                code_digest=code_digest,
                infra_blessing=channel.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
