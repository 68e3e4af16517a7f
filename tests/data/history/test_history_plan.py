import pytest
from past_events import CONTRACT, SCHEMA

from common.settings import SettingsError, parse
from data.history.config import HistoryConfig
from data.history.plan import make_plan
from data.history.schema_text import with_histories
from schemas.contract import parse_schema, read_contract
from schemas.tags import Sequence


def planned(contract=CONTRACT, **settings):
    return make_plan(contract, HistoryConfig(**{"events": ("click",), **settings}))


def changed(old, new):
    assert old in SCHEMA
    return read_contract(parse_schema(SCHEMA.replace(old, new)))


def test_the_schema_keeps_its_text_and_gains_a_group_of_lists():
    plan = planned(events=("click", "buy"), columns=("item", "brand", "price"), length=20)
    text = with_histories(SCHEMA, plan)
    assert text.startswith(SCHEMA.rstrip())
    contract = read_contract(parse_schema(text))
    (group,) = contract.sequence_groups
    assert (group.name, group.length) == ("history", 20)
    assert {column.name: column.list_treatment for column in group.columns} == {
        "history_item": Sequence(20, "item", "history"),
        "history_brand": Sequence(20, "brand", "history"),
        "history_price": Sequence(20, None, "history", buckets=16),
        "history_action": Sequence(20, None, "history"),
        "history_gap": Sequence(20, None, "history", buckets=16),
    }
    assert {column.name: column.type for column in group.columns} == {
        "history_item": "int",
        "history_brand": "bytes",
        "history_price": "float",
        "history_action": "bytes",
        "history_gap": "int",
    }
    assert contract.column("history_action").values == ("click", "buy")
    assert [(field.name, str(field.type.value_type)) for field in plan.fields] == [
        ("history_item", "int64"),
        ("history_brand", "string"),
        ("history_price", "float"),
        ("history_action", "string"),
        ("history_gap", "int64"),
    ]


def test_a_second_group_fits_next_to_the_first():
    text = with_histories(SCHEMA, planned())
    contract = read_contract(parse_schema(text))
    with pytest.raises(SettingsError, match="'history_item'.*--group"):
        planned(contract)
    both = with_histories(text, planned(contract, events=("buy",), group="bought"))
    groups = read_contract(parse_schema(both)).sequence_groups
    assert [group.name for group in groups] == ["history", "bought"]


def test_the_item_is_the_id_of_the_items_side():
    assert [column.name for column in planned().values] == ["item"]
    two = changed('tag: "item" tag: "categorical"', 'tag: "item" tag: "id"')
    assert make_plan(two, HistoryConfig(events=("click",)), {"item": 3, "brand": 9}).values == (
        two.column("brand"),
    )
    none = changed('tag: "item" tag: "id"', 'tag: "item" tag: "categorical"')
    with pytest.raises(SettingsError, match="--columns"):
        planned(none)


@pytest.mark.parametrize(
    ("tag", "role"), [('tag: "user_id" ', "user_id"), ('tag: "timestamp:unit=ms"', "timestamp")]
)
def test_without_users_or_time_it_says_what_to_tag(tag, role):
    with pytest.raises(SettingsError, match=f"tagged '{role}'.*tag the column"):
        planned(changed(tag, ""))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"events": ("clik",)}, "no label is called 'clik'.*click"),
        ({"columns": ("itm",)}, "no feature is called 'itm'.*item"),
        ({"columns": ("user",)}, "column 'user' is the same"),
        ({"columns": ("paid",)}, "column 'paid' is a number that may be missing"),
    ],
)
def test_what_can_not_be_is_named(settings, message):
    with pytest.raises(SettingsError, match=message):
        planned(**settings)


def test_own_scenario_needs_a_scenario():
    one = changed('tag: "scenario" tag: "categorical"', 'tag: "categorical"')
    with pytest.raises(SettingsError, match="tagged 'scenario'; take 'all'"):
        planned(one, scenario="own")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"events": []}, "'events'.*one name or more"),
        ({"events": ["click", "click"]}, "'events'.*each once"),
        ({"length": 0}, "'length' is 0"),
        ({"delay": -1}, "'delay' is -1"),
        ({"group": "my history"}, "'group'.*a letter first"),
        ({"lenght": 5}, "unknown key 'lenght'.*length"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(SettingsError, match=message):
        parse(HistoryConfig, {"events": ["click"], **settings})
