"""The executor of BayesCheck."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from common.errors import BadDataError
from common.json_files import write_json
from common.names import EVAL, OVERALL, RESULT_FORMAT
from common.settings import parse
from components.bayes_check.judge import Comparison, compare, refusal
from components.common.artifact_reading import contract_of
from components.leak_alarm.config import LeaksConfig
from schemas.contract import Contract


class Executor(base_executor.BaseExecutor):
    """Scores eval rows as a server does; compares each output with its true probabilities."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Compares.

        Raises:
          BadDataError: an output is ranked better than its true probabilities can.
          ModelLoadError: the model can't be loaded.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        config = parse(LeaksConfig, json.loads(exec_properties["leaks"]), "leaks")
        path = path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        rows, found = _comparisons(contract, config, path, examples)
        too_good = [x for x in found if x.too_good(config.bayes_standard_errors)]
        if too_good:
            raise BadDataError(refusal(too_good, config.bayes_standard_errors))
        report = artifact_utils.get_single_instance(output_dict["report"])
        report.set_int_custom_property("rows", rows)
        document = {"format": RESULT_FORMAT, "rows": rows, "cells": [x.as_json() for x in found]}
        write_json(f"{report.uri}/bayes.json", document)


def _comparisons(
    contract: Contract, config: LeaksConfig, model_path: str, examples: Any
) -> tuple[int, list[Comparison]]:
    # TensorFlow takes seconds to import, and building a pipeline needs none of these.
    import numpy as np

    from components.common.raw_rows import joined, raw_batches
    from components.common.scored_batches import scored_batches
    from models.features.inputs import target_key, weight_key

    sliced = () if contract.scenario is None else (contract.scenario,)
    columns = (*sliced, *contract.truths.values())
    rows_read = raw_batches(contract, columns, examples, EVAL, config.max_rows)
    scored = scored_batches(model_path, rows_read, tuple(contract.truths))
    batches = [(batch.columns, scores) for batch, scores in scored]
    held = joined(columns for columns, _ in batches)
    scores = joined(scores for _, scores in batches)
    rows = len(held[weight_key(contract.tasks.outputs[0].name)])
    slices = {OVERALL: np.ones(rows, bool)}
    if contract.scenario is not None:
        scenarios = held[contract.scenario.graph_name]
        slices |= {name: scenarios == name.encode() for name in contract.scenarios}
    found = (
        compare(
            output,
            name,
            held[target_key(output)],
            scores[output],
            held[truth.graph_name],
            held[weight_key(output)] * inside,
            config,
        )
        for output, truth in contract.truths.items()
        for name, inside in slices.items()
    )
    return rows, [comparison for comparison in found if comparison is not None]
