"""Runs the gate on an evaluation that lies in a folder."""

import json

from tfx.types import standard_artifacts

from components.common.artifacts import GateResult
from components.promotion_gate.executor import Executor


def run_gate(folder, out, exists: int, config: str = "{}"):
    def artifact(cls, uri):
        found = cls()
        found.uri = str(uri)
        return found

    baseline = artifact(standard_artifacts.Model, folder / "baseline")
    baseline.set_int_custom_property("exists", exists)
    blessing = artifact(standard_artifacts.ModelBlessing, out / "blessing")
    gate = artifact(GateResult, out / "gate")
    Executor().Do(
        {
            "evaluation": [artifact(standard_artifacts.ModelEvaluation, folder / "evaluation")],
            "baseline_model": [baseline],
            "schema": [artifact(standard_artifacts.Schema, folder / "schema")],
        },
        {"blessing": [blessing], "gate": [gate]},
        {"gate_config": config, "code_digest": "x"},
    )
    return blessing, json.loads((out / "gate" / "gate.json").read_text())
