"""The models of the claims: their sizes, one training for all, and what a small search chose.

Sizes were set by hand so that the networks (all but embeddings and wide weights) have equally
many parameters, which `sizes.py` counts; `search.py` chooses between a few candidates, the
same for all models, on worlds that no claim uses. `mmoe` and `ple` have gates, towers and, of
PLE, experts a (scenario, task), and `mmoe, task` and `ple, task` are the papers' own models.
"""

from __future__ import annotations

from typing import Any

_SHARED: dict[str, Any] = {
    "embedding_dim": 8,
    "embedding_stddev": 0.1,
    # Ridge: the logs' ids are many and seldom seen, all other fields have few values.
    "l2_per": "value",
    "embedding_l2": 20.0,
    "wide_l2": 20.0,
}

NETWORK_PARAMETERS = 180_000
"""The size that all compared networks have: what is trained outside of the tables."""

TOLERANCE = 0.02
"""How far a network's size may be from it, as a share."""

SIZES: dict[str, dict[str, Any]] = {
    # The floors: one plain network for all scenarios, and one for each.
    "dnn": {"name": "dnn", "units": (448, 200)},
    "dnn, per scenario": {
        "name": "dnn",
        "networks": "scenario",
        "tables": "scenario",
        "units": (112, 40),
    },
    "shared_bottom": {"name": "shared_bottom", "bottom_units": (368, 192)},
    # As published: gates and towers a task.
    "mmoe, task": {"name": "mmoe", "gates": "task", "experts": 5, "expert_units": (128, 72)},
    "mmoe": {"name": "mmoe", "experts": 5, "expert_units": (100, 48)},
    "ple, task": {"name": "ple", "gates": "task", "expert_units": (136, 64)},
    "ple": {"name": "ple", "expert_units": (29, 20), "tower_units": (16,)},
    "esmm": {"name": "esmm", "tower_units": (208, 96)},
    "autoifs": {
        "name": "autoifs",
        "bottom_units": (456,),
        "scenario_units": (160,),
        "selection_units": (32,),
        # The temperature goes from 1 to 100 in four epochs, by a factor of 4.6 each.
        "search_epochs": 4,
        # The published code's hundredth of the training's rate: gates that learn as fast as the
        # weights are decided by the first batches, long before the temperature decides them.
        "gate_learning_rate": 3e-5,
    },
    "csii": {
        "name": "csii",
        "experts": "full",
        "expert_units": (66, 32),
        "loss_space": "conditional",
        # As MMoE and PLE have them.
        "towers": "scenario_task",
        "tower_units": (16,),
    },
    "aem2tl": {
        "name": "aem2tl",
        # Several experts at every level: a gate over one expert chooses nothing.
        "shared_experts": 4,
        "scenario_experts": 2,
        "expert_units": (26, 16),
        "task_shared_experts": 2,
        "task_experts": 2,
        "task_expert_units": (16,),
        "tower_units": (16,),
        "gate_units": 8,
        # A weight can move by 2 in a training's 2,000 steps, at 2e-4 by .4. At .01 the
        # conversion's weight grows until clicks are hardly learned.
        "gradnorm_rate": 1e-3,
        # The published losses; in most worlds no conversion comes without a click.
        "losses": "total",
        "unclicked_initial_rate": 1e-3,
    },
}
COMPARED = tuple(SIZES)
"""What a claim is about unless it says otherwise."""

SIZES["autoifs, subtractive"] = {**SIZES["autoifs"], "fusion": "subtractive"}
# Of the zoo, equally large; a claim that is about them names them.
SIZES["star"] = {"name": "star", "units": (80, 46), "tower_units": (16,)}
SIZES["taml"] = {"name": "taml", "expert_units": (48, 26), "tower_units": (16,)}
SIZES["hinet"] = {
    "name": "hinet",
    "expert_units": (38, 12),
    "task_expert_units": (12,),
    "tower_units": (16,),
}
SIZES["aitm"] = {"name": "aitm", "tower_units": (200, 80, 32)}
SIZES["esm2"] = {"name": "esm2", "tower_units": (168, 76)}
SIZES["dffm"] = {"name": "dffm", "interaction_units": (268, 144)}
SIZES["aesm2"] = {
    "name": "aesm2",
    "expert_units": (112, 48),
    "task_expert_units": (32,),
    "tower_units": (16,),
}
SIZES["causalint"] = {"name": "causalint", "encoder_units": (212, 64), "transfer_width": 12}
SIZES["pepnet"] = {
    "name": "pepnet",
    "scenario_gate_units": 32,
    "tower_units": (144, 72),
    "personal_gate_units": 16,
}

ZOO = tuple(label for label in SIZES if "," not in label and label not in COMPARED)
"""The architectures that are not among the compared ones, at their own settings."""

POOLED = {"mmoe": 1e-3, "ple": 1e-5, "csii": 1e-3, "aem2tl": 1e-5, "hinet": 1e-5}
"""The models with kernels that are a scenario's own, and that are to share all the same:
`deviation_l2` as `search.py --pooling` chose it; it was not searched for AEM2TL and HiNet."""

TRAINING: dict[str, Any] = {
    "batch_size": 1024,
    # Of all models the best epoch is kept; AutoIFS searches in four and retrains in two.
    "max_epochs": 6,
    "learning_rate": 3e-3,
    # The mean log loss is mostly that of the rare conditional outputs' few rows.
    "monitor": "auc",
}

CHOSEN: dict[str, dict[str, Any]] = {
    label: {"dropout": 0.2, **({"deviation_l2": POOLED[label]} if label in POOLED else {})}
    for label in SIZES
}
"""What was chosen after `search.py`; why dropout is the same for all is in docs/results.md."""


def with_choice(label: str, choice: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of a model's config with a choice of the search."""
    return {**SIZES[label], **_SHARED, **choice}


MODELS: dict[str, dict[str, Any]] = {
    label: with_choice(label, choice) for label, choice in CHOSEN.items()
}
