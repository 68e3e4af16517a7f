"""What is said of an error on the terminal."""

import pathlib
import sys
import types

import pytest

from cli.runs.error_text import error_text
from common.errors import PolyrankError

KERAS = (
    "Exception encountered when calling layer 'Deep' (type Deep).\n\n{}\n\nCall arguments received "
    "by layer 'Deep' (type Deep):\n  • features=Features(...)\n\n  • training=False"
)
SOURCE = """
def call(raised):
    helper(raised)


def helper(raised):
    raise raised
"""


def caught(raised: BaseException, call: object = None) -> BaseException:
    try:
        if callable(call):
            call(raised)
        raise raised
    except BaseException as error:
        return error


@pytest.fixture
def module(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    (tmp_path / "shop_of_errors.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    import shop_of_errors

    yield shop_of_errors
    del sys.modules["shop_of_errors"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PolyrankError("no such file"), "no such file"),
        (ValueError("got 3"), "ValueError: got 3"),
        (ValueError(), "ValueError"),
        (KeyError("no prediction of buy; got ['click']"), "KeyError: no prediction of buy; got "
         "['click']"),
        (AttributeError(KERAS.format("no attribute '_twoers'")), "AttributeError: no attribute "
         "'_twoers'"),
        (ValueError(KERAS.format("two\n\nlines")), "ValueError: two\n\nlines"),
    ],
)  # fmt: skip
def test_the_kind_and_the_message_are_said(error: BaseException, text: str) -> None:
    assert error_text(caught(error)) == text


def test_the_innermost_line_of_ones_own_model_is_named(module: types.ModuleType) -> None:
    error = caught(ValueError("got 3"), module.call)
    said = f"ValueError: got 3 ({module.__file__}, line 7)"
    assert error_text(error, "shop_of_errors:Deep") == said
    assert error_text(error, "shop_of_errors.more:Deep") == said
    # What did not pass through it is not its.
    assert error_text(caught(ValueError("got 3")), "shop_of_errors:Deep") == "ValueError: got 3"
    assert error_text(error, "mmoe") == "ValueError: got 3"
    assert error_text(caught(PolyrankError("no"), module.call), "shop_of_errors:Deep") == "no"
