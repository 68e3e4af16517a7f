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
from components.leak_alarm.report import Leak, Ranking, highest, refusal
from models.metrics.names import AUC
from schemas.contract import Column, Contract
from schemas.outcome_names import named_like_an_outcome


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
          BadDataError: a feature alone ranks an output better than the limits allow.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        config = parse(LeaksConfig, json.loads(exec_properties["leaks"]), "leaks")
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        rows, rankings, found = _search(contract, config, examples)
        leaks = [leak for leak in found if leak.ranking.feature not in config.exempt]
        if leaks:
            raise BadDataError(refusal(leaks, rows, config))
        report = artifact_utils.get_single_instance(output_dict["report"])
        report.set_int_custom_property("rows", rows)
        report.set_string_custom_property("note", highest(rankings))
        outputs: dict[str, dict[str, float]] = {}
        for ranking in rankings:
            outputs.setdefault(ranking.output, {})[ranking.name] = ranking.auc
        write_json(
            f"{report.uri}/leaks.json",
            {
                "rows": rows,
                "auc_at_most": config.auc_at_most,
                "suspect_auc_at_most": config.suspect_auc_at_most,
                "exempt": list(dict.fromkeys(leak.ranking.feature for leak in found)),
                AUC: outputs,
            },
        )


def _search(
    contract: Contract, config: LeaksConfig, examples: Any
) -> tuple[int, list[Ranking], list[Leak]]:
    """Looks at every feature on every output that has enough rows.

    Returns:
      The number of rows read, each feature's AUC on each output, and what is taken for a leak.
    """
    # TensorFlow takes seconds to import, and building a pipeline needs none of these.
    import numpy as np

    from components.common.raw_rows import joined, raw_batches
    from components.leak_alarm.evidence import groupings_of, of_gaps, of_holding, of_values
    from components.leak_alarm.list_parts import empty_lists, list_parts, where
    from components.leak_alarm.single_feature_auc import encode, missing_rows, single_feature_auc
    from models.features.inputs import target_key, weight_key

    columns = list(contract.inputs)
    if contract.user_id is not None and contract.user_id not in columns:
        columns.append(contract.user_id)
    read = [*columns, *contract.list_features]
    held = joined(
        batch.columns for batch in raw_batches(contract, read, examples, TRAIN, config.max_rows)
    )
    encoded = {column.name: encode(column, held[column.graph_name]) for column in columns}
    missing = {column.name: missing_rows(column, held[column.graph_name]) for column in columns}
    groupings = groupings_of(contract, encoded)
    parts = [
        part for column in contract.list_features for part in list_parts(contract, column, held)
    ]
    rankings, leaks = [], []
    for output in contract.tasks.outputs:
        inside = np.flatnonzero(held[weight_key(output.name)] > 0)
        target = held[target_key(output.name)][inside]
        weight = held[weight_key(output.name)][inside]
        positives = int(target.sum())
        if not config.enough(positives, len(inside) - positives):
            continue
        within = [grouping.at(inside) for grouping in groupings]
        for column in contract.inputs:
            values = encoded[column.name].at(inside)
            auc = single_feature_auc(values, target, weight)
            rankings.append(ranking := Ranking(column.name, output.name, auc, positives))
            rows = (target, weight, within, config)
            if auc > config.auc_at_most:
                leaks.append(Leak(ranking, "alone"))
            elif _is_suspect(column) and (found := of_values(values, *rows)):
                leaks.append(Leak(ranking, "name", found))
            elif found := of_gaps(missing[column.name][inside], *rows):
                leaks.append(Leak(ranking, "gaps", found))
        for part in parts:
            auc = single_feature_auc(part.encoded.at(inside), target, weight)
            ranking = Ranking(part.column, output.name, auc, positives, part.what)
            rankings.append(ranking)
            holds = part.holds[inside] if part.holds is not None else None
            said = where(holds, target) if holds is not None else ""
            if auc > config.auc_at_most:
                leaks.append(Leak(ranking, "alone", said=said))
            elif holds is not None and (found := of_holding(holds, *rows)):
                leaks.append(Leak(ranking, "holds", found, said))
        for column in contract.list_features:
            empty = empty_lists(column, held)[inside]
            if found := of_gaps(empty, *rows):
                ranking = Ranking(column.name, output.name, found.auc, positives)
                leaks.append(Leak(ranking, "gaps", found))
    return len(held[weight_key(contract.tasks.outputs[0].name)]), rankings, leaks


def _is_suspect(column: Column) -> bool:
    """Whether the name says an outcome, and no tag that the value is known in the log alone."""
    return column.tags.train_only_default is None and named_like_an_outcome(column.name)
