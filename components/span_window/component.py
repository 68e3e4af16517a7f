"""The component that decides which dates a run sees."""

from __future__ import annotations

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import channel_utils, component_spec

from components.common import artifacts
from components.span_window import executor
from components.span_window.config import WindowConfig


class SpanWindowSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of SpanWindow."""

    PARAMETERS = {
        "data_path": component_spec.ExecutionParameter(type=str),
        "end": component_spec.ExecutionParameter(type=str),
        "window_config": component_spec.ExecutionParameter(type=str),
        "state_token": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"window": component_spec.ChannelParameter(type=artifacts.SpanWindow)}


class SpanWindow(BaseComponent):
    """Turns "the last N spans" into dates; the only place that looks at what has arrived.

    Output `window` (SpanWindow) holds `window.json`.
    """

    SPEC_CLASS = SpanWindowSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        data_path: str,
        end: str,
        window: WindowConfig,
        state_token: str,
        code_digest: str,
    ) -> None:
        """Makes the component.

        Args:
          data_path: folder of `span=YYYY-MM-DD` folders, local or remote.
          end: the window's last date, or `latest`.
          window: how many spans, and when one is complete; its `end` and `volume` are not used.
          state_token: changes when the window's dates change (`digests.listing_token`).
          code_digest: `source_digest.code_digest()`.
        """
        super().__init__(
            SpanWindowSpec(
                data_path=data_path,
                end=end,
                # Of a change of what others use no new window must come.
                window_config=window.model_dump_json(exclude={"end", "volume"}),
                state_token=state_token,
                code_digest=code_digest,
                window=channel_utils.as_channel([artifacts.SpanWindow()]),
            )
        )
