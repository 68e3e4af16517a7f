"""Results of trials with chosen numbers."""

from __future__ import annotations

import math

from models.trials.result import TrialResult


def cell(auc: float, positives: int = 100, negatives: int = 900, users: int = 50) -> dict:
    """The metrics of a cell whose log loss falls as its AUC rises."""
    return {
        "auc": auc,
        "gauc": auc - 0.1,
        "logloss": 1 - auc,
        "positives": positives,
        "negatives": negatives,
        "users": users,
    }


def result(model: str, seed: int, home: float, cart: float, **changed) -> TrialResult:
    """A trial with one output in two scenarios; the overall AUC is their mean."""
    cells = {"*": cell((home + cart) / 2), "home": cell(home), "cart": cell(cart)}
    undefined = {**dict.fromkeys(("auc", "gauc", "logloss"), math.nan)}
    nothing = {**undefined, "positives": 0, "negatives": 40, "users": 0}
    metrics = {"click": {**cells, "tiny": cell(0.9, positives=29), "none": nothing}}
    values = {
        "model": model,
        "seed": seed,
        "fingerprint": f"{model}-{seed}",
        "parameters": 1000,
        "network_parameters": 100,
        "seconds": 10.0 + seed,
        "examples": 5000,
        "epochs": 2,
        "best_epoch": 1,
        "monitor": 0.7,
        "latency_ms": 1.5,
        "prepared": {},
        "metrics": {"eval": metrics},
    }
    return TrialResult(**{**values, **changed})
