"""Long texts, packed."""

import json

import pytest

from common.packed_text import pack, unpack


@pytest.mark.parametrize(
    "text",
    ["", "short", "é\n\"'\\" * 10, "bz2:", "bz2:no base64", 'feature { name: "ä" }\n' * 5_000],
    ids=["empty", "short", "odd", "prefix", "looks packed", "long"],
)
def test_what_was_packed_comes_back(text):
    assert unpack(pack(text)) == text


def test_a_short_text_stays_readable_and_a_long_one_needs_no_escapes():
    assert pack("x" * 8_192) == "x" * 8_192
    packed = pack('feature { name: "x" }\n' * 5_000)
    assert packed.startswith("bz2:") and packed.isascii()
    assert json.dumps(packed) == f'"{packed}"'
    assert len(packed) < 1_000
