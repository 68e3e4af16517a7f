"""docs/schema.md: it lists every tag and argument, and what it says of them is so."""

import dataclasses
import pathlib
import re

import pytest

from schemas.contract import parse_schema, read_contract
from schemas.tags import KNOWN_TAGS, PRIOR_ROLES, TIME_UNITS, ContractError
from schemas.treatments import KINDS

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema.md").read_text("utf-8")
EXAMPLE = re.findall(r"^```pbtxt\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]


def _rows(title):
    """The rows of a section's tables that begin with a quoted word, as lists of cells."""
    section = PAGE.partition(f"\n## {title}\n")[2].split("\n## ")[0]
    lines = [line[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def _quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_every_tag_has_a_row():
    treatments = {_quoted(row[0])[0] for row in _rows("What a model reads") if len(row) == 3}
    assert treatments - set(KINDS) == set()
    others = {tag for row in _rows("What a feature is") for tag in _quoted(row[0])}
    assert treatments | others == set(KNOWN_TAGS)


def test_every_argument_has_its_tags_and_its_default():
    listed = {}
    for row in _rows("What a model reads"):
        if len(row) == 4:
            argument, default, tags, _ = row
            for tag in _quoted(tags):
                listed[(tag, _quoted(argument)[0])] = default.strip("`")
    shown = {None: "none", dataclasses.MISSING: "must be written"}
    wanted = {
        (tag, field.name): "the model's own"
        if field.name == "dim" and field.default is None
        else shown.get(field.default, str(field.default))
        for tag, kind in KINDS.items()
        for field in dataclasses.fields(kind)
    }
    assert listed == wanted


def test_roles_of_priors_and_units_of_times_are_listed():
    rows = {_quoted(row[0])[0]: row for row in _rows("What a feature is")}
    assert tuple(_quoted(rows["prior"][1])) == PRIOR_ROLES
    assert [x.removeprefix("unit=") for x in _quoted(rows["timestamp"][1])] == [*TIME_UNITS, "s"]


def test_the_example_is_a_contract():
    contract = read_contract(parse_schema(EXAMPLE))
    assert [column.name for column in contract.features] == ["product"]
    assert [column.name for column in contract.list_features] == [
        *("seen", "seen_ago", "keywords", "picture")
    ]
    assert [(group.name, group.length) for group in contract.sequence_groups] == [("past", 20)]
    assert [column.name for column in contract.list_columns][3] == "keyword_weights"


@pytest.mark.parametrize(
    ("written", "error"),
    [(_quoted(a)[0], _quoted(b)[0]) for a, b in _rows("What is refused")],
)
def test_what_is_refused_is_refused_in_these_words(written, error):
    text = EXAMPLE.replace("sequence:of=product,length=20,group=past", written)
    assert text != EXAMPLE
    with pytest.raises(ContractError) as caught:
        read_contract(parse_schema(text))
    assert error in str(caught.value)
