"""Lists the log's spans and writes the window's dates."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.span_window import window
from schemas.errors import BadDataError


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
          SettingsError: `end` or a number of spans can't be used.
        """
        data_path = exec_properties["data_path"]
        if not fileio.isdir(data_path):
            raise BadDataError(f"the data folder {data_path} does not exist")
        # Object stores list folders with a slash at the end.
        names = [name.rstrip("/") for name in fileio.listdir(data_path)]
        try:
            found = window.resolve(
                names,
                exec_properties["end"],
                exec_properties["train_spans"],
                exec_properties["eval_spans"],
            )
        except BadDataError as error:
            raise BadDataError(f"{data_path}: {error}") from None
        artifact = artifact_utils.get_single_instance(output_dict["window"])
        window.write(found, artifact.uri)
        artifact.set_string_custom_property("first", found.dates[0])
        artifact.set_string_custom_property("last", found.dates[-1])
