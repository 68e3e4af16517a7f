"""Lists the log's spans and writes the window's dates."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from common.settings import SettingsError
from components.span_window import window
from components.span_window.listing import find_window


class Executor(BaseExecutor):
    """See `components.span_window.component.SpanWindow`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `window.json`.

        Raises:
          BadDataError: the folder or a date of the window is missing.
          SettingsError: `end` or a number of spans can't be used, or the state token is a
            placeholder that nobody has replaced.
        """
        _check_token(exec_properties["state_token"])
        found = find_window(
            exec_properties["data_path"],
            exec_properties["end"],
            exec_properties["train_spans"],
            exec_properties["eval_spans"],
        )
        artifact = artifact_utils.get_single_instance(output_dict["window"])
        window.write(found, artifact.uri)
        artifact.set_string_custom_property("first", found.dates[0])
        artifact.set_string_custom_property("last", found.dates[-1])


def _check_token(token: str) -> None:
    # Equal in all runs, it would have them all taken from the cache, or without a baseline.
    if "{{" in token or "[[" in token:
        raise SettingsError(
            f"the state token is {token!r}, and should be the run's own id: this Kubeflow does "
            "not replace the placeholder (2.4 and newer do); start runs that pass a "
            "'state-token' of their own"
        )
