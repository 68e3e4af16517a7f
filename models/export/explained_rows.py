"""What a trained model has learned, seen on some of its validation rows, as a file."""

from __future__ import annotations

from models.datasets.in_memory import InMemorySplit
from models.explanation import write_explanations
from models.export.validation_sample import spread_positions
from models.ranker import Ranker

_ROWS = 8192


def write_explanation_of(ranker: Ranker, validation: InMemorySplit, folder: str) -> None:
    """Writes `explain.json` into `folder`; a model must have its last weights, not its last form.

    Args:
      ranker: the trained model.
      validation: its validation rows; some thousands, spread evenly, are looked at.
      folder: where to.
    """
    some = validation.at(spread_positions(len(validation), _ROWS))
    batch = next(iter(some.in_order(len(some))))
    write_explanations(f"{folder}/explain.json", ranker.explain(batch))
