"""Trains a model on two devices and on one, and compares."""

import json
import os
import pathlib
from typing import Any

from preloaded import Preloaded

from common.source_digest import ROOT

FOLDER = pathlib.Path(__file__).parent


MODELS = {
    "plain": {"name": "mmoe", "expert_units": [8], "tower_units": [4]},
    "xla": {"name": "shared_bottom", "bottom_units": [8], "tower_units": [4]},
    # A purchase comes without a click too.
    "unclicked": {"name": "mmoe", "expert_units": [8], "tower_units": [4]},
    "unclicked_balanced": {
        "name": "aem2tl",
        "gradnorm_rate": 0.1,
        "shared_experts": 1,
        "expert_units": [6, 4],
        "task_expert_units": [4],
        "tower_units": [],
        "gate_units": 4,
    },
    "lists": {
        "name": "mmoe",
        "expert_units": [8],
        "tower_units": [4],
        "histories": "attention",
    },
    "lists_by_scenario": {
        "name": "dnn",
        "units": [8],
        "networks": "scenario",
        "tables": "scenario",
    },
    # Its losses are weighed anew in every step, by gradients of the global batch.
    "balanced": {
        "name": "aem2tl",
        "entire_space": False,
        "gradnorm_rate": 0.1,
        "expert_units": [6, 4],
        "task_expert_units": [4],
        "tower_units": [4],
        "gate_units": 4,
    },
    # Gradients of outputs or scenarios over the rows of all replicas change the steps.
    "gradnorm": {
        "name": "shared_bottom",
        "bottom_units": [8],
        "gradient_rule": "gradnorm",
        "gradnorm_rate": 0.1,
    },
    "pcgrad": {
        "name": "shared_bottom",
        "bottom_units": [8, 6],
        "gradient_rule": "pcgrad",
        "gradient_parts": "scenario",
    },
    "gram_schmidt": {
        "name": "mmoe",
        "expert_units": [8],
        "tower_units": [4],
        "gradient_rule": "gram_schmidt",
        "gradient_parts": "scenario",
    },
    # Keeps averages of the rows of all replicas.
    "averages": {
        "name": "csii",
        "loss_space": "conditional",
        "expert_units": [8],
        "intra_heads": 2,
        "reference": "prototype",
        "tower_units": [4],
    },
    # Losses of the experts that rows select; noise would differ from device to device.
    "selected": {
        "name": "aesm2",
        "expert_units": [8],
        "task_expert_units": [6],
        "tower_units": [4],
        "noise_scale": 0.0,
        "specific_weight": 0.1,
        "shared_weight": 0.1,
    },
    # In its search, with an optimizer of its own for the selection network.
    "groups": {
        "name": "autoifs",
        "bottom_units": [8],
        "scenario_units": [4],
        "selection_units": [4],
        "gate_learning_rate": 0.1,
        "gate_penalty": 0.05,
    },
}


def check_mirrored(
    preloaded: Preloaded, folder: pathlib.Path, mode: str, model: dict[str, Any], kind: str
) -> None:
    """Two logical devices of a `kind` give the losses and weights of one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(FOLDER)])}
    program = preloaded.start(
        str(FOLDER / "mirrored_script.py"),
        [json.dumps(model), mode, kind],
        cwd=ROOT,
        env=environment,
        out=folder / "out",
        err=folder / "err",
    )
    assert program.wait() == 0, (folder / "err").read_text()[-3000:]
    report = json.loads((folder / "out").read_text().splitlines()[-1])
    assert report["replicas"] == 2
    assert report["loss"] > 0.1
    assert report["weights"] < 1e-6
    assert report["losses"] < 1e-5
