"""Rankers with an architecture that a test defines."""

from typing import Any

import pytest
from made_batches import make_ranker, randomise

from models import registry
from models.architecture import Architecture
from models.ranker import Ranker

MODEL = {"name": "shared_bottom", "bottom_units": (6,), "tower_units": (), "embedding_dim": 4}


def toy_ranker(
    monkeypatch: pytest.MonkeyPatch,
    architecture: type[Architecture],
    model: dict[str, Any] | None = None,
    **training: Any,
) -> Ranker:
    """A ranker of a subclass of Shared-Bottom, with random weights, trained by SGD."""
    monkeypatch.setattr(registry, "architecture", lambda _: architecture)
    options = {"optimizer": "sgd", "learning_rate": 0.1, **training}
    ranker = make_ranker({**MODEL, **(model or {})}, **options)
    assert type(ranker.architecture) is architecture
    randomise(ranker)
    return ranker
