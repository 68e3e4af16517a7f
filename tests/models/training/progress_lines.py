"""What a training says of its progress, as the tests capture it."""

import logging

import pytest


def progress(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """The training's own records; TensorFlow's warnings are captured too."""
    return [record for record in caplog.records if record.name == "polyrank.progress"]
