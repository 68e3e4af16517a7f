"""Two devices train the model that one device trains."""

from typing import Any

import pytest
from mirrored_check import MODELS, check_mirrored


@pytest.mark.e2e
@pytest.mark.parametrize(("mode", "model"), MODELS.items())
def test_two_devices_equal_one(mode: str, model: dict[str, Any]) -> None:
    """With SGD, since Adam hides a factor; with every regulariser, and a batch of one row."""
    check_mirrored(mode, model, "CPU")
