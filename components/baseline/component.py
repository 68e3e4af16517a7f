"""The component Baseline."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.baseline.executor import Executor


class BaselineSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of Baseline."""

    PARAMETERS = {
        "registry_path": component_spec.ExecutionParameter(type=str),
        "run_fingerprint": component_spec.ExecutionParameter(type=str),
        "state_token": component_spec.ExecutionParameter(type=str),
        "schema_digest": component_spec.ExecutionParameter(type=str),
        "required": component_spec.ExecutionParameter(type=int),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"schema": component_spec.ChannelParameter(type=standard_artifacts.Schema)}
    OUTPUTS = {"model": component_spec.ChannelParameter(type=standard_artifacts.Model)}


class Baseline(base_component.BaseComponent):
    """Gives the Evaluator the last pushed version to compare with, or a model that scores 0.5."""

    SPEC_CLASS = BaselineSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        schema: channel.BaseChannel,
        registry_path: str,
        run_fingerprint: str,
        state_token: str,
        schema_digest: str,
        required: bool,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          schema: the data contract.
          registry_path: the registry file.
          run_fingerprint: this run's; its own pushes are never its baseline.
          state_token: `live.state_token` of the same path and fingerprint,
            so that the cache sees the registry.
          schema_digest: of the contract, as the registry has it.
          required: whether a version that can't be loaded ends the run.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            BaselineSpec(
                schema=schema,
                registry_path=registry_path,
                run_fingerprint=run_fingerprint,
                state_token=state_token,
                schema_digest=schema_digest,
                required=int(required),
                code_digest=code_digest,
                model=channel.Channel(type=standard_artifacts.Model),
            )
        )
