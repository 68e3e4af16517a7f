"""The contract as an artifact."""

import pathlib

import pytest
from impression_log import SCHEMA
from tfx.types import standard_artifacts

from components.schema_import.component import SchemaImport
from components.schema_import.executor import Executor
from schemas.contract import parse_schema
from schemas.tags import ContractError


def written(tmp_path, text):
    component = SchemaImport(text, "digest")
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    Executor().Do({}, {"schema": [schema]}, component.exec_properties)
    return component, pathlib.Path(schema.uri, "schema.pbtxt").read_text()


def test_a_short_schema_is_carried_as_it_is(tmp_path):
    component, text = written(tmp_path, SCHEMA)
    assert component.exec_properties["schema_text"] == SCHEMA
    assert parse_schema(text) == parse_schema(SCHEMA)


def test_a_long_schema_is_carried_packed(tmp_path):
    long = SCHEMA + "".join(
        f'feature {{ name: "f{n}" type: INT annotation {{ tag: "categorical" }} }}\n'
        for n in range(1_000)
    )
    component, text = written(tmp_path, long)
    assert len(component.exec_properties["schema_text"]) < len(long) / 8
    assert parse_schema(text) == parse_schema(long)


def test_a_contract_that_can_not_be_used_is_named(tmp_path):
    with pytest.raises(ContractError, match="timestmp"):
        written(tmp_path, SCHEMA.replace("timestamp", "timestmp"))
