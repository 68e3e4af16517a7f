import pytest

from common.version_folders import version_number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        ("1700000000", 1_700_000_000),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("9" * 20, None),
        ("9" * 255, None),
        ("٣", None),
        ("７", None),
        ("7²", None),
        ("-7", None),
        ("+7", None),
        (" 7", None),
        ("7_0", None),
        ("7.0", None),
        ("", None),
        (".7.ab.unfinished", None),
    ],
)
def test_a_version_is_a_number_of_64_bits_in_ascii(name, number):
    assert version_number(name) == number
