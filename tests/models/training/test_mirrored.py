"""Two devices train the model that one device trains."""

import pathlib
from typing import Any

import pytest
from mirrored_check import MODELS, SLOW, check_mirrored
from preloaded import Preloaded

ROWS = [
    pytest.param(mode, model, marks=[pytest.mark.slow] if mode in SLOW else [], id=mode)
    for mode, model in MODELS.items()
]


@pytest.mark.e2e
@pytest.mark.parametrize(("mode", "model"), ROWS)
def test_two_devices_equal_one(
    preloaded: Preloaded, tmp_path: pathlib.Path, mode: str, model: dict[str, Any]
) -> None:
    """With SGD, since Adam hides a factor; with every regulariser, and a batch of one row."""
    check_mirrored(preloaded, tmp_path, mode, model, "CPU")
