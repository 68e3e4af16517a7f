"""What a trained model has learned, seen on some of its validation rows, as a file."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from models.datasets.in_memory import InMemorySplit
from models.explanation import Explanation, write_explanations
from models.export.validation_sample import spread_positions
from models.ranker import Ranker

_LOG = logging.getLogger("polyrank.progress")
_ROWS = 8192


def write_explanation_of(ranker: Ranker, validation: InMemorySplit, folder: str) -> None:
    """Writes `explain.json` into `folder`; a model must have its last weights, not its last form.

    Experts that no row has a use for are named in a warning.

    Args:
      ranker: the trained model.
      validation: its validation rows; some thousands, spread evenly, are looked at.
      folder: where to.
    """
    some = validation.at(spread_positions(len(validation), _ROWS))
    batch = next(iter(some.in_order(len(some))))
    found = ranker.explain(batch)
    warning = dead_experts(found)
    if warning:
        _LOG.warning(warning)
    write_explanations(f"{folder}/explain.json", found)


def dead_experts(explanations: Mapping[str, Explanation]) -> str:
    """Returns a warning that names the dead experts; empty where none is, or none is known.

    Args:
      explanations: an architecture's; `dead_experts`, 1 or 0 for every expert, is read.
    """
    if "dead_experts" not in explanations:
        return ""
    values, (experts,) = explanations["dead_experts"]
    dead = [name for name, value in zip(experts.entries, values, strict=True) if value == 1]
    if not dead:
        return ""
    return (
        f"{len(dead)} of {len(values)} experts are dead: {', '.join(dead)}. Their gates leave them "
        "less than 1 % of an equal share, so that they neither learn nor count; a model with so "
        "many experts fewer would score the same"
    )
