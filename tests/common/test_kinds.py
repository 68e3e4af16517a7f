"""Booleans are no numbers, and nothing else is a boolean, in every setting."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic
import pytest

from common.settings import Settings, SettingsError, parse


class Inner(Settings):
    rate: float = 0.0


class Outer(Settings):
    count: int = 1
    limit: Annotated[float, pydantic.Field(ge=0)] | None = None
    units: tuple[pydantic.PositiveInt, ...] = ()
    levels: tuple[tuple[int, float], ...] = ()
    weights: dict[str, float] = {}
    inner: Inner = Inner()
    inners: dict[str, Inner] = {}
    wide: bool = True
    maybe: bool | None = None
    anything: dict[str, Any] = {}
    mode: Literal["a", "b"] | bool = "a"


TRUE = "true is no number (YAML reads on and yes so too); write one"
FALSE = "false is no number (YAML reads off and no so too); write one"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": True}, f"c: 'count': {TRUE}"),
        ({"count": False}, f"c: 'count': {FALSE}"),
        ({"limit": False}, f"c: 'limit': {FALSE}"),
        ({"units": [8, True]}, f"c: 'units': {TRUE}"),
        ({"levels": [[1, 0.5], [1, True]]}, f"c: 'levels': {TRUE}"),
        ({"weights": {"a": 1.0, "b": True}}, f"c: 'weights': {TRUE}"),
        ({"inner": {"rate": True}}, f"c: 'inner.rate': {TRUE}"),
        ({"inners": {"x": {"rate": True}}}, f"c: 'inners.x.rate': {TRUE}"),
        ({"wide": 1}, "c: 'wide': 1 is neither true nor false; write one of them"),
        ({"wide": 0.0}, "c: 'wide': 0.0 is neither true nor false; write one of them"),
        ({"wide": "yes"}, "c: 'wide': 'yes' is neither true nor false; write one of them"),
        ({"maybe": "false"}, "c: 'maybe': 'false' is neither true nor false; write one of them"),
    ],
    ids=str,
)
def test_another_kind_is_refused(values, message):
    with pytest.raises(SettingsError) as error:
        parse(Outer, values, "c")
    assert str(error.value) == message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_no_number_is_undefined(value):
    with pytest.raises(SettingsError, match="Input should be a finite number"):
        parse(Outer, {"inner": {"rate": value}})


def test_the_wanted_kinds_are_taken():
    values = {
        "count": 3,
        "limit": 1,
        "units": [8, 4],
        "levels": [[1, 2]],
        "weights": {"a": 0},
        "wide": False,
        "maybe": None,
        "anything": {"x": True, "y": 1},
        "mode": True,
    }
    found = parse(Outer, values)
    assert (found.units, found.levels) == ((8, 4), ((1, 2.0),))
    assert (found.wide, found.maybe) == (False, None)
    assert (found.anything, found.mode) == ({"x": True, "y": 1}, True)
    assert parse(Outer, found.model_dump(mode="json")) == found


def test_texts_of_numbers_are_numbers():
    """YAML reads 1e-3, without a point, as a text."""
    assert parse(Outer, {"limit": "1e-3", "count": "7"}).limit == 0.001
