"""What plain YAML takes silently is refused with its place; anchors and merges are as ever."""

import codecs
import datetime
import pathlib
import sys

import pytest

from common.settings import SettingsError
from common.strict_yaml import load_yaml, read_text


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as error:
        load_yaml(text, "my.yaml")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model: {name: mmoe}\ntraining: {}\nmodel: {name: ple}\n",
            "my.yaml, line 3, column 1: 'model' is set twice, first on line 1, column 1; keep one "
            "of the two",
        ),
        (
            "a:\n  b:\n  - c: 1\n    d: 2\n    'c': 3\n",
            "my.yaml, line 5, column 5: 'c' is set twice, first on line 3, column 5; keep one of "
            "the two",
        ),
        (
            "{a: 1, b: 2, a: 1}",
            "my.yaml, line 1, column 14: 'a' is set twice, first on line 1, column 2; keep one of "
            "the two",
        ),
        (
            "on: 1\n",
            "my.yaml, line 1, column 1: YAML reads the key 'on' as true or false; put it in quotes",
        ),
        (
            "a: {~: 1}\n",
            "my.yaml, line 1, column 5: YAML reads the key '~' as null; put it in quotes",
        ),
        (
            "a:\n  <<: {b: 1}\n  <<: {b: 2}\n",
            "my.yaml, line 3, column 3: '<<' is set twice, first on line 2, column 3; keep one of "
            "the two",
        ),
    ],
    ids=["top", "deep", "flow", "boolean", "null", "merge"],
)
def test_keys_are_texts_and_set_once(text, message):
    assert refusal(text) == message


def test_a_key_that_a_merge_brings_may_be_set_again():
    text = (
        "base: &base {a: 1, b: 2}\n"
        "one: &one\n  <<: *base\n  b: 3\n"
        "two:\n  <<: [*one, {c: 4, a: 9}]\n  c: 5\n"
        "three: *one\n"
    )
    one = {"a": 1, "b": 3}
    assert load_yaml(text, "") == {
        "base": {"a": 1, "b": 2},
        "one": one,
        "two": {"a": 1, "b": 3, "c": 5},
        "three": one,
    }


def test_equal_keys_of_different_mappings_are_no_duplicates():
    assert load_yaml("- {a: 1}\n- {a: 2, b: {a: 3}}\n", "") == [{"a": 1}, {"a": 2, "b": {"a": 3}}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0512", "0512 begins with 0, as octal numbers of YAML do; write 512, or '0512'"),
        ("-010", "-010 begins with 0, as octal numbers of YAML do; write -10, or '-010'"),
        ("08", "08 begins with 0, as octal numbers of YAML do; write 8, or '08'"),
        ("00", "00 begins with 0, as octal numbers of YAML do; write 0, or '00'"),
        ("12:30:45", "12:30:45 is a number of base 60 in YAML; write a plain number, or "),
        ("1:30.5", "1:30.5 is a number of base 60 in YAML; write a plain number, or '1:30.5'"),
    ],
)
def test_a_number_is_what_it_looks_like(text, message):
    assert refusal(f"seed: [1,\n {text}]").startswith(f"my.yaml, line 2, column 2: {message}")
    assert load_yaml(f"'{text}'", "") == text
    assert load_yaml(f"!!str {text}", "") == text


def test_plain_numbers_and_days_are_read():
    assert load_yaml("[0, -7, 1_000, 0x10, 0.5, 1.0e-3, 1e-3, .5]", "") == [
        *(0, -7, 1000, 16, 0.5, 0.001),
        "1e-3",
        0.5,
    ]
    assert load_yaml("2026-01-05", "") == datetime.date(2026, 1, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", "my.yaml, line 2, column 1: expected ',' or ']', but got '<stream end>'"),
        ("a: &x [*x]\n", "my.yaml, line 1, column 8: '*x' stands inside itself"),
        ("a: &x {b: {c: *x}}\n", "my.yaml, line 1, column 15: '*x' stands inside itself"),
        ("a: *x\n", "my.yaml, line 1, column 4: found undefined alias 'x'"),
        ("a: !!python/none\n", "my.yaml, line 1, column 4: could not determine a constructor for"),
        ("a: 1\n---\nb: 2\n", "my.yaml, line 2, column 1: expected a single document in the "),
        ("a: 1\nb: \x07\n", "my.yaml, line 2: the character U+0007 is not allowed in YAML"),
        ("a: 2026-02-31\n", "my.yaml, line 1, column 4: 2026-02-31 can't be read: day is out of "),
        ("[" * 5000, "my.yaml: nested too deeply to be read"),
    ],
    ids=["open", "in-itself", "below-itself", "alias", "tag", "two", "bell", "day", "deep"],
)
def test_other_errors_are_one_line_with_the_place(text, message):
    assert refusal(text).startswith(message)


def unreadable(path: pathlib.Path) -> str:
    with pytest.raises(SettingsError) as error:
        read_text(path)
    return str(error.value)


def test_a_byte_order_mark_of_utf8_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_bytes(codecs.BOM_UTF8 + "näme: é".encode())
    assert read_text(path) == "näme: é"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_with_a_mark_are_named(tmp_path, encoding):
    path = tmp_path / "my.yaml"
    path.write_text("name: x", encoding=encoding)
    assert unreadable(path) == f"config file {path} is in UTF-16 or UTF-32; save it as UTF-8"


def test_other_encodings_without_a_mark_are_named_by_byte(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    assert unreadable(path) == (
        f"config file {path}, line 2: the byte 0xe9 at offset 11 is not UTF-8; save the file as "
        "UTF-8"
    )
    path.write_bytes("a: 1".encode("utf-16-le"))
    assert unreadable(path) == f"config file {path} holds a NUL byte; save it as text in UTF-8"


def test_what_is_no_readable_file_is_named(tmp_path):
    assert unreadable(tmp_path) == f"config file {tmp_path} is a folder; name the YAML file in it"
    missing = tmp_path / "none.yaml"
    assert unreadable(missing) == f"config file {missing} does not exist"
    below = tmp_path / "file"
    below.touch()
    assert unreadable(below / "x.yaml").startswith(f"config file {below / 'x.yaml'} ")
    long = tmp_path / ("x" * 300)
    assert unreadable(long) == f"config file {long} can't be read: File name too long"
    assert unreadable(pathlib.Path("/dev/null")).endswith("is no regular file; give a YAML file")


@pytest.mark.skipif(sys.platform != "linux", reason="a file that no process can read at 0")
def test_a_file_that_fails_while_it_is_read_is_named():
    path = pathlib.Path("/proc/self/mem")
    assert unreadable(path) == f"config file {path} can't be read: Input/output error"
