"""Lists the log's spans and writes the window's dates."""

from __future__ import annotations

import json
import logging
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from common.settings import SettingsError, parse
from components.span_window import window
from components.span_window.complete import passed_over_lines
from components.span_window.config import WindowConfig
from components.span_window.listing import find_window

_log = logging.getLogger(__name__)


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
          BadDataError: the folder or a date of the window is missing, or no span is complete.
          SettingsError: `end` or `window_config` can't be used, or the state token is a
            placeholder that Kubeflow has not replaced.
        """
        _check_token(exec_properties["state_token"])
        values = {**json.loads(exec_properties["window_config"]), "end": exec_properties["end"]}
        found = find_window(exec_properties["data_path"], parse(WindowConfig, values, "window"))
        # On a terminal the command says so; it does where this component is taken from the cache.
        for line in passed_over_lines(found.passed_over):
            _log.warning(line)
        artifact = artifact_utils.get_single_instance(output_dict["window"])
        window.write(found.window, artifact.uri)
        artifact.set_string_custom_property("first", found.window.dates[0])
        artifact.set_string_custom_property("last", found.window.dates[-1])


def _check_token(token: str) -> None:
    # Equal in all runs, it would have them all taken from the cache, or without a baseline.
    if "{{" in token or "[[" in token:
        raise SettingsError(
            f"the state token is {token!r}, and should be the run's own id: this Kubeflow does "
            "not replace the placeholder (2.4 and newer do); start runs that pass a "
            "'state-token' of their own"
        )
