import json
import random

import numpy as np
import pyarrow as pa
import pytest

from data.log.lists.json_texts import split_json


def _split(texts, kind="bytes"):
    # In a slice, between rows that would change how the others are read.
    around = [b'["', *(x.encode() if isinstance(x, str) else x for x in texts), b'"\\']
    array = pa.array(around, pa.binary()).slice(1, len(texts))
    found, broken = split_json(array, kind)
    found.validate(full=True)
    return found.to_pylist(), {name: rows.nonzero()[0].tolist() for name, rows in broken.items()}


def test_numbers_and_strings_are_texts_whatever_blanks_stand_around_them():
    texts = ["[1, 2,3]", ' [ "a" ,\n "b c"\t] ', "[-1e3,true,1.50]", '["x"]', '["5"]']
    assert _split(texts, "float") == (
        [[b"1", b"2", b"3"], [b"a", b"b c"], [b"-1e3", b"true", b"1.50"], [b"x"], [b"5"]],
        {},
    )


def test_empty_lists_and_missing_ones_are_null():
    assert _split([None, "", "  ", "[]", "[ ]", "null", "NaN", "[7]"], "int") == (
        [None] * 7 + [[b"7"]],
        {},
    )


def test_whole_numbers_in_a_list_of_texts_are_texts_and_null_is_a_gap():
    texts = ['[1, 2.0, true, -0, 1e3, "x", null, NaN]', "[18446744073709551615]", "[0.5, 1]"]
    assert _split(texts) == (
        [
            [b"1", b"2", b"1", b"0", b"1000", b"x", None, None],
            [b"18446744073709551615"],
            None,
        ],
        {"no_text": [2]},
    )


def test_brackets_commas_and_escapes_inside_strings_are_text():
    texts = [r'["a, b", "][", "{\"k\": 1}"]', r'["\\", "\\\"", "\u00e9\n\/"]', '["日 é"]', '[""]']
    assert _split(texts) == (
        [
            [b"a, b", b"][", b'{"k": 1}'],
            [b"\\", b'\\"', "é\n/".encode()],
            ["日 é".encode()],
            [b""],
        ],
        {},
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('["x', "no_list"),
        ('x"]', "no_list"),
        ("1, 2", "no_list"),
        ("[1", "no_list"),
        ("[1] 2", "no_list"),
        ("[1]]", "no_list"),
        ("[1 2]", "no_list"),
        ("[1,,2]", "no_list"),
        ("[1,]", "no_list"),
        ("[,]", "no_list"),
        ("['a', 'b']", "no_list"),
        ('["a" "b"]', "no_list"),
        ('["a"b]', "no_list"),
        (r'["\q"]', "no_list"),
        (r'["\ud83d"]', "no_list"),
        (r"[\"a\"]", "no_list"),
        ("[abc]", "no_list"),
        ("[01]", "no_list"),
        ('{"a": 1}', "no_list"),
        ("[[1], [2]]", "nested_list"),
        ("[[]]", "nested_list"),
        ('[{"a": 1}]', "nested_list"),
        ("[0.5]", "no_text"),
    ],
)
def test_what_is_no_list_is_refused_by_itself(text, reason):
    assert _split(['["a"]', text, '["b", "c"]']) == ([[b"a"], None, [b"b", b"c"]], {reason: [1]})


def test_rows_are_what_a_json_parser_reads_of_each():
    random.seed(7)

    def value():
        if random.random() < 0.4:
            return random.choice([1, -5, 10**17, 0])
        return "".join(random.choice('ab",\\[]{} é日\n\t/') for _ in range(random.randint(0, 6)))

    texts = []
    for row in range(2_000):
        text = json.dumps(
            [value() for _ in range(random.randint(0, 5))],
            ensure_ascii=row % 2 == 0,
            indent=random.choice([None, 1]),
            separators=random.choice([None, (",", ":")]),
        )
        if row % 5 == 0:  # One character changes, or comes in between.
            at = random.randrange(len(text))
            text = text[:at] + random.choice('",\\[] x1') + text[at + random.randint(0, 1) :]
        texts.append(text)
    found, broken = _split(texts)
    refused = set(np.concatenate(list(broken.values())).tolist())
    wanted, unreadable = [], set()
    for row, text in enumerate(texts):
        values = _parsed(text)
        if values is None:
            unreadable.add(row)
        wanted.append(values or None)
    assert refused == unreadable
    assert 100 < len(refused) < 400
    assert found == wanted


def _parsed(text):
    """A row as Python's parser has it; None where it is no list of plain values."""
    try:
        values = json.loads(text, strict=False)
        if not isinstance(values, list) or any(isinstance(x, list | dict) for x in values):
            return None
        return [None if x is None else str(x).encode() for x in values]
    except ValueError:
        return None
