"""Names and values that can't be used are refused where the schema is loaded."""

import re

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.contract import Contract, load_contract, parse_schema, read_contract
from schemas.tags import ContractError

ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "page" type: BYTES {ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "home" value: "SCENARIO" }} }}
feature {{ name: "user" type: INT {ONE} annotation {{ tag: "user_id" tag: "id" }} }}
feature {{ name: "FEATURE" type: INT annotation {{ tag: "categorical" }} }}
feature {{ name: "clicked" type: INT {ONE} annotation {{ tag: "label:LABEL" }} }}
feature {{ name: "bought" type: INT {ONE} annotation {{ tag: "label:buy given:LABEL" }} }}
"""


def written(feature: str = "f", scenario: str = "s", label: str = "click") -> str:
    values = {"FEATURE": feature, "SCENARIO": scenario, "LABEL": label}
    return re.sub("|".join(values), lambda found: values[found[0]], SCHEMA)


def refusal(schema: str) -> str:
    with pytest.raises(ContractError) as error:
        read_contract(parse_schema(schema))
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "got", "reason"),
    [
        ("", "''", "is empty"),
        ("a\\tb", r"'a\tb'", "holds the control character U+0009"),
        ("a\\nb", r"'a\nb'", "holds the control character U+000A"),
        ("\\000", r"'\x00'", "holds the control character U+0000"),
        ("a\x7f", r"'a\x7f'", "holds the control character U+007F"),
        ("a\x85", r"'a\x85'", "holds the control character U+0085"),
        ("a\u2028b", r"'a\u2028b'", "holds the control character U+2028"),
        ("a\u2029b", r"'a\u2029b'", "holds the control character U+2029"),
    ],
)
def test_a_feature_name_that_is_not_one_line(name, got, reason):
    assert refusal(written(feature=name)) == (
        f"feature number 3 is called {got}: its name {reason}; rename the column in the log and "
        "here"
    )


def test_a_feature_name_that_is_no_utf8():
    schema = text_format.Parse(written(feature="\u00e9"), schema_pb2.Schema())
    broken = schema.SerializeToString().replace("\u00e9".encode(), b"\xff\xfe")
    with pytest.raises(ContractError, match=r"feature number 3 is called .*: its name is no UTF-8"):
        read_contract(schema_pb2.Schema.FromString(broken))
    assert "'utf-8' codec can't decode byte 0xff" in refusal(written(feature="\\xff"))


def test_a_schema_file_that_is_no_utf8(tmp_path):
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(written(feature="gr\u00f6\u00dfe").encode("latin-1"))
    with pytest.raises(ContractError) as error:
        load_contract(path)
    assert str(error.value) == (f"{path}, line 5: byte 0xf6 is no UTF-8; save the schema as UTF-8")


def test_two_features_of_one_name():
    assert refusal(written(feature="user")) == (
        "2 features are called 'user'; keep one, or rename one"
    )


NAMES = [
    "user-group",
    "gr\u00f6\u00dfe",
    "1st",
    "_row",
    "self",
    "User",
    "x/y",
    "[b]",
    "%s",
    "a\u200db",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_other_name_is_a_feature_a_scenario_and_but_for_slashes_a_label(name):
    label = name.replace("/", "|").replace(" ", "_")
    found: Contract = read_contract(parse_schema(written(name, name, label)))
    assert (found.columns[2].name, found.scenarios[1]) == (name, name)
    assert found.tasks.outputs[0].name == label


@pytest.mark.parametrize(
    ("scenario", "got", "reason"),
    [
        ("*", "'*'", "stands for all scenarios together in results and in gate.overrides"),
        ("", "''", "is empty"),
        ("a\\rb", r"'a\rb'", "holds the control character U+000D"),
    ],
)
def test_a_value_that_can_be_no_scenario(scenario, got, reason):
    assert refusal(written(scenario=scenario)) == (
        f"feature 'page' is the scenario, and its string_domain lists {got}, which {reason}; "
        "rename that scenario in the log and here"
    )


def test_a_value_that_is_listed_twice():
    assert refusal(written(scenario="home")) == (
        "feature 'page': its string_domain lists 'home' 2 times; keep one"
    )


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("*", "stands for all scenarios together in gate.overrides"),
        ("a:b", "holds ':' (it tells the parts of a tag apart)"),
        ("a/b", "holds '/' (gate.overrides write 'output/scenario')"),
        ("a,b", "holds ',' ('after' lists labels with commas)"),
        ("a\x7f", "holds the control character U+007F"),
    ],
)
def test_a_label_that_can_be_no_output(label, reason):
    assert refusal(written(label=label)) == (
        f"feature 'clicked' is tagged 'label:{label}', but a label's name {reason}; call the "
        "label something else (its column keeps its name)"
    )


def test_a_label_that_is_called_as_an_output_of_others():
    third = f'feature {{ name: "x" type: INT {ONE} annotation {{ tag: "label:buy_given_click" }} }}'
    assert refusal(written() + third) == (
        "feature 'x': the label 'buy_given_click' has the name of an output that follows from "
        "other labels; rename it"
    )


def test_labels_that_differ_in_case_alone():
    third = f'feature {{ name: "x" type: INT {ONE} annotation {{ tag: "label:Click" }} }}'
    assert refusal(written() + third) == (
        "the labels 'click' and 'Click' differ in upper and lower case alone; rename one"
    )


@pytest.mark.parametrize("role", ["user_id", "weight", "timestamp", "sampling_rate"])
def test_a_label_that_is_a_role_too(role):
    tags = f'annotation {{ tag: "{role}" tag: "label:seen" }}'
    assert refusal(written() + f'feature {{ name: "x" type: INT {ONE} {tags} }}') == (
        f"feature 'x' is tagged '{role}' and 'label:seen': what came of the impression can't be "
        "known before it; drop one of the two tags"
    )
