"""What the tests of trainings that diverge have in common."""

from typing import Any

import numpy as np

from models.ranker import Ranker
from models.training.loop import TrainingLoop
from models.training.scoring import make_scorer
from models.training.validation import validation_metrics

FOUR_EPOCHS = {"max_epochs": 4, "patience": 9}


def check_good_end(ranker: Ranker, loop: TrainingLoop, history: dict[str, Any], best: int) -> None:
    """All weights are finite, and those of the best epoch before."""
    assert history["best_epoch"] == best
    for weights in ranker.get_weights():
        assert np.isfinite(weights).all()
    rows = loop._validation
    scores = make_scorer(ranker, rows, 64)(rows)
    assert validation_metrics(rows, scores, scores) == history["epochs"][best]["validation"]
