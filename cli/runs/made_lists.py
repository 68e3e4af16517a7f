"""What can be checked of a configuration before an adapter adds lists to its schema."""

from __future__ import annotations

from common.settings import parse
from data.history.config import HistoryConfig
from pipeline.config import PipelineConfig


def without_made_lists(config: PipelineConfig) -> PipelineConfig:
    """Returns what can be checked of `config` before `prepared`: without the lists to be made.

    Histories are named by their group and the column that they are made from, which only the log
    may decide. `leaks.exempt` is checked as a whole when the pipeline is built.

    Raises:
      SettingsError: `data.adapter_options.history` can't be used.
    """
    history = config.data.adapter_options.get("history")
    if history is None:
        return config
    settings = parse(HistoryConfig, history, "data.adapter_options.history")
    made = f"{settings.group}_"
    exempt = tuple(name for name in config.leaks.exempt if not name.startswith(made))
    return config.model_copy(update={"leaks": config.leaks.model_copy(update={"exempt": exempt})})
