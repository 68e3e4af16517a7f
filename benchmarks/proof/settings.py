"""The models of the claims: about equal network parameters, and one setting for all.

No model is tuned by itself. Learning rate, dropout and L2 weights are the same for all; they
were tried on a world of the tuning seeds, which no claim uses.
"""

from __future__ import annotations

from typing import Any

_SHARED = {
    "embedding_dim": 8,
    "dropout": 0.3,
    "kernel_l2": 1e-4,
    "embedding_l2": 1e-3,
    "wide_l2": 1e-3,
}
_SHARED_TRAINING = {
    "batch_size": 1024,
    "max_epochs": 3,
    "learning_rate": 1e-3,
    "monitor": "logloss",
}

MODELS: dict[str, dict[str, Any]] = {
    "shared_bottom": {"name": "shared_bottom", **_SHARED, "bottom_units": (320, 192)},
    "mmoe": {"name": "mmoe", **_SHARED, "experts": 3},
    "ple": {"name": "ple", **_SHARED, "expert_units": (32, 24)},
    "esmm": {"name": "esmm", **_SHARED, "tower_units": (192, 96)},
    "autoifs": {"name": "autoifs", **_SHARED, "bottom_units": (320, 160), "search_epochs": 2},
    "autoifs, subtractive": {
        "name": "autoifs",
        **_SHARED,
        "bottom_units": (320, 160),
        "search_epochs": 2,
        "fusion": "subtractive",
    },
    "csii": {"name": "csii", **_SHARED, "expert_units": (64, 48)},
    "aem2tl": {
        "name": "aem2tl",
        **_SHARED,
        "expert_units": (48, 24),
        "task_expert_units": (24,),
        "tower_units": (24,),
    },
}

TRAINING: dict[str, dict[str, Any]] = {label: dict(_SHARED_TRAINING) for label in MODELS}
