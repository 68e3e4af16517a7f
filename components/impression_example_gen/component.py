"""The component that turns a window of the log into tf.Examples."""

from __future__ import annotations

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import channel, channel_utils, component_spec, standard_artifacts

from common.settings import SettingsError
from components.common import artifacts
from components.impression_example_gen import executor
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.split import SplitConfig
from components.span_window.config import VolumeConfig


class ImpressionExampleGenSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of ImpressionExampleGen."""

    PARAMETERS = {
        "data_path": component_spec.ExecutionParameter(type=str),
        "split": component_spec.ExecutionParameter(type=str),
        "sampling": component_spec.ExecutionParameter(type=str),
        "volume": component_spec.ExecutionParameter(type=str),
        "shards": component_spec.ExecutionParameter(type=int),
        "compression_level": component_spec.ExecutionParameter(type=int),
        "state_token": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "window": component_spec.ChannelParameter(type=artifacts.SpanWindow),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "quarantine": component_spec.ChannelParameter(type=artifacts.Quarantine),
    }


class ImpressionExampleGen(BaseBeamComponent):
    """Reads a window of the log as columns, checks its contract, samples and splits it.

    Outputs `examples` (Examples: train, validation, eval) and `quarantine` (Quarantine).
    """

    SPEC_CLASS = ImpressionExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        window: channel.BaseChannel,
        schema: channel.BaseChannel,
        data_path: str,
        state_token: str,
        code_digest: str,
        split: SplitConfig = SplitConfig(),  # noqa: B008 (frozen)
        sampling: SamplingConfig = SamplingConfig(),  # noqa: B008 (frozen)
        volume: VolumeConfig = VolumeConfig(),  # noqa: B008 (frozen)
        shards: int = 4,
        compression_level: int = 1,
    ) -> None:
        """Makes the component.

        Args:
          window: of SpanWindow.
          schema: the data contract.
          data_path: folder of `span=YYYY-MM-DD` folders, local or remote.
          state_token: changes when the files change (`digests.files_token`).
          code_digest: `digests.code_digest()`.
          split: how rows are split, and how many may be refused.
          sampling: which rows are left out on purpose.
          volume: what is done about newest spans of few rows.
          shards: files a split; also how many workers can write at once.
          compression_level: of gzip, 1 (fast) to 9 (small).

        Raises:
          SettingsError: `shards` or `compression_level` can't be used.
        """
        if shards < 1 or not 1 <= compression_level <= 9:
            raise SettingsError(
                f"shards is {shards} and compression_level is {compression_level}; write at "
                "least 1, and 1 to 9"
            )
        super().__init__(
            ImpressionExampleGenSpec(
                window=window,
                schema=schema,
                data_path=data_path,
                split=split.model_dump_json(),
                sampling=sampling.model_dump_json(),
                volume=volume.model_dump_json(),
                shards=shards,
                compression_level=compression_level,
                state_token=state_token,
                code_digest=code_digest,
                examples=channel_utils.as_channel([standard_artifacts.Examples()]),
                quarantine=channel_utils.as_channel([artifacts.Quarantine()]),
            )
        )
