"""What may differ from run to run of one compiled pipeline: data, window and model."""

from __future__ import annotations

import dataclasses
import json
from typing import TypeAlias

from tfx.orchestration.data_types import RuntimeParameter

from common.settings import SettingsError
from pipeline.config import PipelineConfig

Text: TypeAlias = str | RuntimeParameter


@dataclasses.dataclass(frozen=True)
class RunParameters:
    """The three, as values or as parameters that a cluster fills in.

    Attributes:
      data_path: folder of `span=YYYY-MM-DD` folders.
      window_end: the window's last date, or `latest`.
      model: the architecture's name and hyper-parameters as JSON text.
    """

    data_path: Text
    window_end: Text
    model: Text


def configured(config: PipelineConfig) -> RunParameters:
    """Returns the configuration's own values.

    Raises:
      SettingsError: `data.path` is missing.
    """
    if config.data.path is None:
        raise SettingsError("data.path is missing: the folder of span=YYYY-MM-DD folders")
    model = json.dumps(config.model.model_dump(mode="json"), sort_keys=True)
    return RunParameters(config.data.path, config.window.end, model)


def cluster_parameters() -> RunParameters:
    """Returns parameters without defaults, which not every cluster honours."""
    names = ("data-path", "window-end", "model")
    return RunParameters(*(RuntimeParameter(name=name, ptype=str) for name in names))


def cluster_values(config: PipelineConfig) -> dict[str, str]:
    """Returns what a run of this configuration passes: parameter name -> value.

    Raises:
      SettingsError: `data.path` is missing.
    """
    names, values = cluster_parameters(), configured(config)
    return {
        getattr(names, field.name).name: str(getattr(values, field.name))
        for field in dataclasses.fields(RunParameters)
    }
