"""Quotes of a CSV file, followed block by block and, independently, letter by letter."""

import itertools

import pytest

from data.log.formats.csv_quotes import CsvQuotes


def _followed(text: bytes, cut: int):
    quotes = CsvQuotes()
    for start in range(0, len(text), cut):
        quotes.feed(text[start : start + cut])
    quotes.end()
    return quotes


def _is_open(text: str) -> bool:
    state, after = "start", ""
    for letter, after in zip(text, [*text[1:], ""], strict=True):
        if state == "skip":
            state = "quoted"
        elif state == "quoted":
            if letter == '"':
                state = "skip" if after == '"' else "value"
        elif letter == '"' and state == "start":
            state = "quoted"
        else:
            state = "start" if letter in ",\n" else "value"
    return state in ("quoted", "skip")


@pytest.mark.parametrize("cut", [1, 2, 3, 100])
def test_every_short_text_is_followed_as_letter_by_letter(cut):
    texts = ["".join(x) for x in itertools.product('",x\n', repeat=6)]
    assert len(texts) == 4096
    wrong = [x for x in texts if _followed(x.encode(), cut).is_open != _is_open(x)]
    assert wrong == []


@pytest.mark.parametrize("cut", [1, 5, 100])
@pytest.mark.parametrize(
    ("text", "opened", "text_after"),
    [
        (b'a,5" tv\n6" and 7",b\n', None, None),
        (b'a,"5"" tv"\n"",""\n"""",x\r\n"y"', None, None),
        (b'a\n"b,\nc\n', 2, None),
        (b'a\n"b\n",c,"d', 3, None),
        (b'"a\nb,"c"', None, (2, '"c"')),
        (b'a\n\n"5" tv",x', None, (3, '"')),
    ],
)
def test_what_is_told_of_wrong_quotes(cut, text, opened, text_after):
    quotes = _followed(text, cut)
    assert quotes.is_open is (opened is not None)
    assert opened is None or quotes.opened == opened
    if text_after is None:
        assert quotes.text_after is None
    else:
        assert quotes.text_after is not None and quotes.text_after[0] == text_after[0]
        assert quotes.text_after[1].startswith(text_after[1][:2])
