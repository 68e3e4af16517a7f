"""The executor of PromotionGate."""

from __future__ import annotations

import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from common.atomic_files import write_whole
from common.json_files import write_json
from common.settings import parse
from components.common.artifact_reading import contract_of, read_json
from components.promotion_gate.cells import read_cells
from components.promotion_gate.config import GateConfig
from components.promotion_gate.references import with_references
from components.promotion_gate.situations import Baseline, situations, without_new_scenarios
from components.promotion_gate.verdict import judge_all, summary
from components.promotion_gate.worse_text import worse_of_all

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Judges every cell of the evaluation; blesses the candidate or refuses it."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes gate.json and the blessing; a refusal is a successful execution.

        Raises:
          SettingsError: the gate's limits name an unknown output or scenario.
        """
        from common.tfx_compat import tfma

        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        config = parse(GateConfig, json.loads(exec_properties["gate_config"]), "gate")
        config.check_names(contract)
        model = artifact_utils.get_single_instance(input_dict["baseline_model"])
        baseline = _baseline(model)
        uri = artifact_utils.get_single_uri(input_dict["evaluation"])
        measured = read_cells(contract, tfma.load_metrics(uri), baseline.version is not None)
        cells = without_new_scenarios(measured, baseline)
        comparison = None
        if input_dict.get("comparison"):
            uri = artifact_utils.get_single_uri(input_dict["comparison"])
            comparison = read_json(uri, "comparison.json")
        result = {
            **with_references(summary(judge_all(cells, config)), config, comparison, cells),
            "baseline": {
                "exists": baseline.version is not None,
                "version": baseline.version,
                "reason": baseline.reason,
                # The version that has to be compared with, and can't be.
                "not_compared": model.get_string_custom_property("not_compared") or None,
            },
            "situations": situations(contract.scenarios, baseline),
            # Whose values are users; without it no cell has a GAUC.
            "user_id": contract.user_id.name if contract.user_id else None,
        }

        gate = artifact_utils.get_single_instance(output_dict["gate"])
        write_json(f"{gate.uri}/gate.json", result)
        gate.set_int_custom_property("blessed", int(result["blessed"]))
        if note := _note(result):
            gate.set_string_custom_property("note", note)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        verdict = "BLESSED" if result["blessed"] else "NOT_BLESSED"
        write_whole(f"{blessing.uri}/{verdict}", "")
        blessing.set_int_custom_property("blessed", int(result["blessed"]))
        for reason in result["reasons"]:
            _LOG.warning("not blessed: %s", reason)
        for warning in result["warnings"]:
            _LOG.warning("undecided: %s", warning)


def _note(result: dict[str, Any]) -> str:
    """What refused the candidate, or should make one look at it, in a few words."""
    refusing = sum(cell["refuses"] for cell in result["cells"])
    parts = [f"refused: {refusing} of {len(result['cells'])} cells"] if refusing else []
    if result["blessed"] and result["warnings"]:
        parts.append(f"blessed; undecided over all rows: {len(result['warnings'])}")
    if worse := worse_of_all(result["references"]):
        refused = result["references"]["mode"] == "refuse"
        parts.append(f"{'refused' if refused else 'warning'}: {worse}")
    return "; ".join(parts)


def _baseline(model: Any) -> Baseline:
    """Reads what Baseline wrote on its model."""
    if model.get_int_custom_property("exists") != 1:
        return Baseline(None, model.get_string_custom_property("reason"))
    scenarios = json.loads(model.get_string_custom_property("scenarios") or "[]")
    return Baseline(model.get_string_custom_property("version"), None, tuple(scenarios))
