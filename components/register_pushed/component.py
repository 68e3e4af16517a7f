"""The component RegisterPushed."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.common.artifacts import GateResult, Registration, SpanWindow
from components.register_pushed.executor import Executor
from components.register_pushed.run_info import RunInfo


class RegisterPushedSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of RegisterPushed."""

    PARAMETERS = {
        "registry_path": component_spec.ExecutionParameter(type=str),
        "run_fingerprint": component_spec.ExecutionParameter(type=str),
        "run_info": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "pushed_model": component_spec.ChannelParameter(type=standard_artifacts.PushedModel),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "hyperparameters": component_spec.ChannelParameter(type=standard_artifacts.HyperParameters),
        "gate": component_spec.ChannelParameter(type=GateResult),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "window": component_spec.ChannelParameter(type=SpanWindow, optional=True),
    }
    OUTPUTS = {"registration": component_spec.ChannelParameter(type=Registration)}


class RegisterPushed(base_component.BaseComponent):
    """Adds what the run found to the registry's entry of what Pusher really pushed."""

    SPEC_CLASS = RegisterPushedSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        pushed_model: channel.BaseChannel,
        model: channel.BaseChannel,
        hyperparameters: channel.BaseChannel,
        gate: channel.BaseChannel,
        blessing: channel.BaseChannel,
        registry_path: str,
        run_fingerprint: str,
        run_info: RunInfo,
        code_digest: str,
        window: channel.BaseChannel | None = None,
    ):
        """Builds the component.

        Args:
          pushed_model: Pusher's output.
          model: the candidate.
          hyperparameters: ModelSettings' output; the architecture's name goes into the registry.
          gate: PromotionGate's verdicts.
          blessing: PromotionGate's blessing.
          registry_path: the registry file.
          run_fingerprint: identifies the run's configuration and data.
          run_info: what else the registry remembers.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
          window: SpanWindow's output; its dates go into the registry.
        """
        super().__init__(
            RegisterPushedSpec(
                pushed_model=pushed_model,
                model=model,
                hyperparameters=hyperparameters,
                gate=gate,
                blessing=blessing,
                registry_path=registry_path,
                run_fingerprint=run_fingerprint,
                run_info=run_info.model_dump_json(),
                code_digest=code_digest,
                window=window,
                registration=channel.Channel(type=Registration),
            )
        )
