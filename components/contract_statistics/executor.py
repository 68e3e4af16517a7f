"""The executor of ContractStatisticsGen."""

from __future__ import annotations

from typing import Any

from tfx.components.statistics_gen import executor

from common.tfx_compat import tfdv
from components.common.artifact_reading import contract_of

STATS_OPTIONS = "stats_options_json"


class Executor(executor.Executor):
    """Computes statistics as TFX does."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Lists the contract's columns in the options, then does what TFX's does."""
        names = [column.name for column in contract_of(input_dict["schema"]).columns]
        options = tfdv.StatsOptions(feature_allowlist=names).to_json()
        super().Do(input_dict, output_dict, {**exec_properties, STATS_OPTIONS: options})
