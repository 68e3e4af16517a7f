"""The executor of LeakAlarm."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from common.errors import BadDataError
from common.json_files import write_json
from common.names import TRAIN
from common.settings import parse
from components.common.artifact_reading import contract_of
from components.leak_alarm.config import LeaksConfig
from components.leak_alarm.report import Ranking, highest, refusal
from models.metrics.names import AUC
from schemas.contract import Contract


class Executor(base_executor.BaseExecutor):
    """Ranks every output of the train rows by each feature alone; writes a report or raises."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Looks for leaks.

        Raises:
          BadDataError: a feature alone ranks an output better than the limit allows.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        config = parse(LeaksConfig, json.loads(exec_properties["leaks"]), "leaks")
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        rows, rankings = _rankings(contract, config, examples)
        found = [x for x in rankings if x.auc > config.auc_at_most]
        leaks = [x for x in found if x.feature not in config.exempt]
        if leaks:
            raise BadDataError(refusal(leaks, rows, config.auc_at_most))
        report = artifact_utils.get_single_instance(output_dict["report"])
        report.set_int_custom_property("rows", rows)
        report.set_string_custom_property("note", highest(rankings))
        outputs: dict[str, dict[str, float]] = {}
        for ranking in rankings:
            outputs.setdefault(ranking.output, {})[ranking.feature] = ranking.auc
        write_json(
            f"{report.uri}/leaks.json",
            {
                "rows": rows,
                "auc_at_most": config.auc_at_most,
                "exempt": [ranking.feature for ranking in found],
                AUC: outputs,
            },
        )


def _rankings(contract: Contract, config: LeaksConfig, examples: Any) -> tuple[int, list[Ranking]]:
    """Returns the number of rows read, and every feature's AUC on every output that has enough."""
    # TensorFlow takes seconds to import, and building a pipeline needs none of these.
    import numpy as np

    from components.common.raw_rows import joined, raw_batches
    from components.leak_alarm.single_feature_auc import encode, single_feature_auc
    from models.features.inputs import target_key, weight_key

    batches = raw_batches(contract, contract.inputs, examples, TRAIN, config.max_rows)
    held = joined(batch.columns for batch in batches)
    encoded = {column.name: encode(column, held[column.name]) for column in contract.inputs}
    rankings = []
    for output in contract.tasks.outputs:
        inside = np.flatnonzero(held[weight_key(output.name)] > 0)
        target = held[target_key(output.name)][inside]
        weight = held[weight_key(output.name)][inside]
        positives = int(target.sum())
        if not config.enough(positives, len(inside) - positives):
            continue
        for name, column in encoded.items():
            auc = single_feature_auc(column.at(inside), target, weight)
            rankings.append(Ranking(name, output.name, auc, positives))
    return len(held[weight_key(contract.tasks.outputs[0].name)]), rankings
