"""Fixtures of these tests."""

import pytest
from impression_log import SCHEMA, Log, day_table

from schemas.contract import parse_schema, read_contract


@pytest.fixture(scope="session")
def contract():
    return read_contract(parse_schema(SCHEMA))


@pytest.fixture()
def log(tmp_path):
    """The three days, two files each on the first."""
    made = Log(tmp_path)
    first = day_table(0)
    made.write(0, first.slice(0, 25), "part-0")
    made.write(0, first.slice(25), "part-1")
    made.write(1, day_table(1))
    made.write(2, day_table(2))
    return made
