"""The component that decides which dates a run sees."""

from __future__ import annotations

from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import channel_utils, component_spec

from components.common import artifacts
from components.span_window import executor


class SpanWindowSpec(component_spec.ComponentSpec):
    """Inputs, outputs and exec properties of SpanWindow."""

    PARAMETERS = {
        "data_path": component_spec.ExecutionParameter(type=str),
        "end": component_spec.ExecutionParameter(type=str),
        "train_spans": component_spec.ExecutionParameter(type=int),
        "eval_spans": component_spec.ExecutionParameter(type=int),
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
        train_spans: int,
        eval_spans: int,
        state_token: str,
        code_digest: str,
        end: str = "latest",
    ) -> None:
        """Makes the component.

        Args:
          data_path: folder of `span=YYYY-MM-DD` folders, local or remote.
          train_spans: number of dates to learn from (>= 1).
          eval_spans: number of dates after those to be judged on (>= 0).
          state_token: changes when the listing changes (`digests.listing_token`).
          code_digest: `digests.code_digest()`.
          end: the window's last date, or `latest`.
        """
        super().__init__(
            SpanWindowSpec(
                data_path=data_path,
                end=end,
                train_spans=train_spans,
                eval_spans=eval_spans,
                state_token=state_token,
                code_digest=code_digest,
                window=channel_utils.as_channel([artifacts.SpanWindow()]),
            )
        )
