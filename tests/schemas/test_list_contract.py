"""Contracts with lists: what the tags of a list say of its type, its count and other columns."""

import pytest

from schemas.contract import parse_schema, read_contract
from schemas.tags import ContractError

ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
LIST = "value_count { min: 0 }"


def feature(name, kind, *tags, more=LIST):
    listed = " ".join(f'tag: "{tag}"' for tag in tags)
    return f'feature {{ name: "{name}" type: {kind} {more} annotation {{ {listed} }} }}\n'


BASE = (
    feature("item_id", "INT", "item", "id:dim=8", more=ONE)
    + feature("price", "FLOAT", "numeric", more=ONE)
    + feature("click", "INT", "label:click", more=ONE)
)


def contract(*features):
    return read_contract(parse_schema(BASE + "".join(features)))


def refusal(*features):
    with pytest.raises(ContractError) as error:
        contract(*features)
    return str(error.value)


def test_lists_are_inputs_of_their_own_kind():
    found = contract(
        feature("seen", "INT", "sequence:of=item_id,length=20", "user"),
        feature("tags", "BYTES", "multi_value:weights=share", "item"),
        feature("share", "FLOAT"),
        feature("image", "FLOAT", "vector:dim=4", more="value_count { min: 4 max: 4 }"),
        feature("carried", "INT"),
    )
    assert [x.name for x in found.features] == ["item_id", "price"]
    assert [x.name for x in found.list_features] == ["seen", "tags", "image"]
    assert [x.name for x in found.list_columns] == ["seen", "tags", "share", "image"]
    assert [x.name for x in found.serving_features] == ["item_id", "price"]
    assert all(found.column(name).ragged for name in ("seen", "tags", "share", "image", "carried"))
    assert found.column("seen").side == "user"


def test_a_sequence_without_a_group_is_one_of_its_own():
    found = contract(
        feature("seen", "INT", "sequence:of=item_id,group=history,length=9"),
        feature("dwell times", "FLOAT", "sequence:buckets=4,length=3"),
        feature("action", "BYTES", "sequence:group=history,length=9"),
    )
    groups = {group.name: group for group in found.sequence_groups}
    assert {name: [x.name for x in group.columns] for name, group in groups.items()} == {
        "history": ["seen", "action"],
        "dwell_x20_times": ["dwell times"],
    }
    assert groups["history"].length == 9
    assert groups["history"].length_input == "history__length"
    assert groups["dwell_x20_times"].length_input == "dwell_x20_times__length"


def test_a_vector_with_a_shape_is_required():
    shape = "presence { min_fraction: 1 } shape { dim { size: 4 } }"
    found = contract(feature("image", "FLOAT", "vector:dim=4", more=shape)).column("image")
    assert (found.required, found.ragged) == (True, True)
    single = contract(feature("score", "FLOAT", "vector:dim=1", more="value_count { max: 1 }"))
    assert [x.name for x in single.list_features] == ["score"]


def test_weights_are_of_one_list_and_of_any_length():
    shape = "presence { min_fraction: 1 } shape { dim { size: 4 } }"
    weighed = feature("x", "INT", "multi_value:weights=w")
    fixed = refusal(weighed, feature("w", "FLOAT", more=shape))
    assert "feature 'x', weights='w': it must be a list of numbers" in fixed
    twice = refusal(weighed, feature("y", "INT", "multi_value:weights=w"), feature("w", "FLOAT"))
    assert "feature 'y', weights='w': they are the weights of 'x'" in twice


@pytest.mark.parametrize(
    ("tag", "kind", "more", "message"),
    [
        ("sequence:of=itemid", "INT", LIST, "no such feature; did you mean 'item_id'?"),
        ("sequence:of=item_id", "BYTES", LIST, "it is BYTES and 'item_id' is INT"),
        ("sequence:of=price", "INT", LIST, "tagged 'id' or 'categorical'"),
        ("sequence:of=x", "INT", LIST, "tagged 'id' or 'categorical'"),
        (
            "sequence",
            "FLOAT",
            LIST,
            "make it INT or BYTES, or cut its numbers",
        ),
        ("sequence:buckets=4", "BYTES", LIST, "texts can't be cut into quantiles"),
        ("multi_value", "FLOAT", LIST, "whose values are ids: make it INT or BYTES"),
        ("multi_value:weights=w", "INT", LIST, "no such feature"),
        ("multi_value:weights=price", "INT", LIST, "it must be a list of numbers"),
        ("vector:dim=4", "INT", LIST, "make it FLOAT"),
        ("sequence", "INT", ONE, "has one value a row: write 'value_count { min: 0 }'"),
        (
            "vector:dim=4",
            "FLOAT",
            "presence { min_fraction: 1 } shape { dim { size: 5 } }",
            "has a shape of 5 values: write 'value_count { min: 4 max: 4 }'",
        ),
        ("id", "INT", LIST, "is a list (value_count or shape) and is tagged 'id'"),
    ],
)
def test_lists_that_can_not_be_used(tag, kind, more, message):
    assert message in refusal(feature("x", kind, tag, more=more))


@pytest.mark.parametrize(
    "tag", ["prior", "weight", "label:buy", "train_only:default=0", "scenario"]
)
def test_a_list_has_no_role_of_single_values(tag):
    assert f"is tagged 'sequence' and '{tag.partition(':')[0]}" in refusal(
        feature("x", "INT", "sequence", tag)
    )


def test_a_list_that_is_known_late_is_no_input():
    late = LIST + ' not_in_environment: "SERVING"'
    assert "no request carries it: drop 'sequence'" in refusal(
        feature("x", "INT", "sequence", more=late)
    )
    assert "('after_impression') and is a model input ('multi_value')" in refusal(
        feature("x", "INT", "multi_value", "after_impression")
    )


def test_groups_that_can_not_be_used():
    assert "their lengths are 9 ('a') and 50 ('b')" in refusal(
        feature("a", "INT", "sequence:group=g,length=9"), feature("b", "INT", "sequence:group=g")
    )
    assert "needs a name of letters" in refusal(feature("a", "INT", "sequence:group=a-b"))
    assert "name the group otherwise" in refusal(
        feature("a", "INT", "sequence:group=b"), feature("b", "INT", "sequence")
    )
    assert "'a__length' has the name of the lengths of 'a'" in refusal(
        feature("a", "INT", "sequence"), feature("a__length", "INT", "categorical", more=ONE)
    )
    assert "has the name of the group 'b'" in refusal(
        feature("a", "INT", "sequence:group=b"), feature("b", "INT", "multi_value")
    )


def test_a_table_may_be_that_of_another_list():
    found = contract(
        feature("seen", "INT", "sequence:dim=4"), feature("bought", "INT", "sequence:of=seen")
    )
    assert found.column("bought").list_treatment.of == "seen"
    assert "with a list of ids that has a table of its own" in refusal(
        feature("seen", "INT", "sequence:of=item_id"), feature("bought", "INT", "sequence:of=seen")
    )
