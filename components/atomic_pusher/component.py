"""TFX's Pusher, which pushes whole versions only, and registers them as it does."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import pusher_pb2
from tfx.types import channel, component_spec, standard_artifacts, standard_component_specs

from components.atomic_pusher.executor import Executor
from components.register_pushed.run_info import RunInfo


class AtomicPusherSpec(component_spec.ComponentSpec):
    """Those of TFX's Pusher, and what it takes to register a version."""

    PARAMETERS = {
        **standard_component_specs.PusherSpec.PARAMETERS,
        "registry_path": component_spec.ExecutionParameter(type=str),
        "run_info": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        **standard_component_specs.PusherSpec.INPUTS,
        "baseline_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = standard_component_specs.PusherSpec.OUTPUTS


class AtomicPusher(base_component.BaseComponent):
    """Puts a blessed version where the model server looks, and into the registry: both or neither.

    It refuses where the version that the candidate was compared with is no longer live.
    """

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: channel.BaseChannel,
        model_blessing: channel.BaseChannel,
        infra_blessing: channel.BaseChannel,
        baseline_model: channel.BaseChannel,
        serving_dir: str,
        registry_path: str,
        run_info: RunInfo,
        code_digest: str,
    ):
        """Builds the component.

        Args:
          model: the candidate.
          model_blessing: PromotionGate's blessing.
          infra_blessing: ModelCanary's blessing.
          baseline_model: Baseline's output, which says what was live when it was chosen.
          serving_dir: the folder of versions that the model server watches.
          registry_path: the registry file.
          run_info: what the registry remembers of the run.
          code_digest: `components.common.digests.code_digest()`, so that the cache sees our code.
        """
        super().__init__(
            AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                baseline_model=baseline_model,
                push_destination=pusher_pb2.PushDestination(
                    filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=serving_dir)
                ),
                registry_path=registry_path,
                run_info=run_info.model_dump_json(),
                code_digest=code_digest,
                pushed_model=channel.Channel(type=standard_artifacts.PushedModel),
            )
        )
