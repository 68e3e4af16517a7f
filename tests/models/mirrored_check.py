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
    # Gradients of scenarios are sums over the rows of all replicas, inside of nested tapes.
    "gradients_of_scenarios": {
        "name": "causalint",
        "encoder_units": [6, 5],
        "transfer_width": 3,
        "normalisation": "layer",
        "inner_rate": 0.1,
        "conflict_weight": 30.0,
    },
    # Inputs are normalised by moments of the rows of all replicas.
    "partitioned": {
        "name": "star",
        "units": [6],
        "tower_units": [4],
        "auxiliary_units": [4],
    },
    "scenario_attention": {
        "name": "hinet",
        "expert_units": [6],
        "attention_units": [4],
        "task_expert_units": [5],
        "tower_units": [4],
    },
    "micro_networks": {
        "name": "dffm",
        "micro_units": [3],
        "interaction_units": [6],
        "heads": 2,
        "head_units": 3,
        "tower_units": [4],
    },
    # Learners teach each other, and means of their gates are kept of the rows of all replicas.
    "learners": {
        "name": "taml",
        "learners": 2,
        "shared_experts": 1,
        "expert_units": [6],
        "tower_units": [],
        "fusion": "gated",
    },
    # Its calibrator is a loss of rows of its own.
    "transferred": {"name": "aitm", "tower_units": [6, 4]},
    "unclicked_decomposed": {"name": "esm2", "tower_units": [6]},
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

SLOW = (
    "partitioned",
    "scenario_attention",
    "micro_networks",
    "learners",
    "transferred",
    "unclicked_decomposed",
)
"""What these exchange in a step, if anything, another test has too."""


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
