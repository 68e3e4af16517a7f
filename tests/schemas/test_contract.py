import pathlib

import pytest

import schemas
from schemas.contract import load_contract, load_schema_text, parse_schema, read_contract
from schemas.tags import Categorical, ContractError, Id, Numeric
from schemas.task_graph import Label

LIST = "value_count { min: 0 max: 50 }"
REQUIRED = "presence { min_fraction: 1 } shape { dim { size: 1 } }"


def feature(name, kind="INT", *tags, more=REQUIRED):
    listed = " ".join(f'tag: "{tag}"' for tag in tags)
    return f'feature {{ name: "{name}" type: {kind} {more} annotation {{ {listed} }} }}\n'


BASE = {
    "scenario": feature(
        "page", "BYTES", "scenario", more=REQUIRED + ' string_domain { value: "b" value: "a" }'
    ),
    "user": feature("uid", "INT", "user_id", "user", "id:min_count=2"),
    "time": feature("ts", "INT", "timestamp:unit=us"),
    "label": feature("is_click", "INT", "label:click"),
}


def contract(**changes):
    return read_contract(parse_schema("".join({**BASE, **changes}.values())))


def test_roles_and_types():
    found = contract()
    assert found.scenario.name == "page"
    assert found.scenarios == ("b", "a")
    assert found.user_id.treatment == Id(min_count=2)
    assert found.timestamp.tags.ticks_per_second == 1_000_000
    assert found.weight is None
    assert [column.type for column in found.columns] == ["bytes", "int", "int", "int"]
    assert [column.name for column in found.features] == ["uid"]
    assert [column.name for column in found.serving_features] == ["page", "uid"]
    assert found.column("uid").side == "user"
    assert found.column("ts").side is None


def test_a_log_without_user_scenario_and_time():
    found = contract(user=feature("item", "INT", "item", "id"), scenario="", time="")
    assert (found.user_id, found.scenario, found.timestamp) == (None, None, None)
    assert found.scenarios == ("default",)
    assert found.measured_scenarios == ()
    assert [column.name for column in found.inputs] == ["item"]
    assert [column.name for column in found.serving_features] == ["item"]


def test_domains_optional_columns_and_weight():
    more = REQUIRED + " int_domain { min: 1 max: 7 }"
    found = contract(
        a=feature("day", "INT", "categorical", more=more),
        b=feature("age", "FLOAT", "numeric:buckets=4", more=""),
        c=feature("w", "FLOAT", "weight"),
    )
    assert found.column("day").int_range == (1, 7)
    assert found.column("day").treatment == Categorical()
    assert found.column("age").treatment == Numeric(buckets=4)
    assert not found.column("age").required
    assert found.column("day").required
    assert found.weight is not None and found.weight.name == "w"


def test_a_domain_with_one_bound_is_no_list_of_values():
    more = REQUIRED + " int_domain { min: 1 }"
    found = contract(a=feature("day", "INT", "categorical", more=more))
    assert found.column("day").int_range is None


def test_lists_and_a_sampling_rate():
    found = contract(
        a=feature("history", "BYTES", more=LIST),
        b=feature("rate", "FLOAT", "sampling_rate"),
        c=feature("age", "INT", "id", more="value_count { min: 1 max: 1 }"),
    )
    assert [column.name for column in found.columns if column.ragged] == ["history"]
    assert "history" not in [column.name for column in found.features]
    assert found.sampling_rate is not None and found.sampling_rate.name == "rate"


def test_labels_with_thresholds_and_gaps():
    tasks = contract(
        buys=feature("buys", "INT", "label:buy given:click above:0", more=""),
        share=feature("share", "FLOAT", "label:watch above:0.5"),
    ).tasks
    assert tasks.label("click") == Label("click", "is_click")
    assert tasks.label("buy") == Label(
        "buy", "buys", "click", constrained=True, above=0.0, optional=True
    )
    assert tasks.label("watch") == Label("watch", "share", above=0.5)


def test_a_column_called_as_a_feature_of_ours_keeps_its_name():
    assert contract().row_id_key == "row__id"
    assert contract(**{"row__id": feature("row__id", "INT")}).row_id_key == "row__id_"
    assert contract().sampling_rate_key == "sampling__rate"
    both = {name: feature(name, "FLOAT") for name in ("sampling__rate", "sampling__rate_")}
    assert contract(**both).sampling_rate_key == "sampling__rate__"


def test_a_shared_string_domain():
    more = REQUIRED + ' domain: "pages"'
    schema = 'string_domain { name: "pages" value: "x" value: "y" }\n'
    found = contract(scenario=schema + feature("page", "BYTES", "scenario", more=more))
    assert found.scenarios == ("x", "y")


@pytest.mark.parametrize(
    ("kind", "text", "value"), [("INT", "3", 3), ("FLOAT", "0.5", 0.5), ("BYTES", "top", b"top")]
)
def test_a_train_only_column_has_a_typed_default_and_is_not_served(kind, text, value):
    treatment = "numeric" if kind == "FLOAT" else "categorical"
    position = feature("position", kind, treatment, f"train_only:default={text}")
    found = contract(position=position)
    assert found.column("position").train_only_default == value
    assert "position" in [column.name for column in found.features]
    assert "position" not in [column.name for column in found.serving_features]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": feature("ts2", "INT", "timestamp")}, "may be tagged 'timestamp', found ts, ts2"),
        ({"x": feature("u2", "INT", "user_id")}, "may be tagged 'user_id', found uid, u2"),
        (
            {"x": feature("p2", "BYTES", "scenario")},
            "at most one feature may be tagged 'scenario', found page, p2",
        ),
        (
            {
                "scenario": "",
                "user": feature("uid", "INT", "user_id", "id", "train_only:default=1"),
            },
            "no feature is left for a request: every one is train_only",
        ),
        ({"scenario": feature("page", "BYTES", "scenario")}, "string_domain that lists every"),
        ({"label": ""}, "no feature has a 'label:NAME' tag"),
        ({"label": feature("is_click", "FLOAT", "label:click")}, "is a label: it must be 'type: I"),
        ({"label": feature("is_click", "INT", "label:click", "id")}, "must not be a model input"),
        ({"x": feature("x", "FLOAT", "categorical")}, "'x' is categorical; make it INT or BYTES"),
        ({"x": feature("x", "BYTES", "numeric")}, "'x' is numeric; make it INT or FLOAT"),
        ({"label": feature("c", "BYTES", "label:click above:0")}, "INT or FLOAT with a threshold"),
        (
            {"label": feature("c", "INT", "label:click above:1e300")},
            "'above:1e+300' is outside INT",
        ),
        (
            {"label": feature("c", "FLOAT", "label:click above:-1e39")},
            "'above:-1e+39' is outside FLOAT",
        ),
        ({"time": feature("ts", "FLOAT", "timestamp")}, "'ts' is the timestamp; make it INT"),
        ({"x": feature("f", "FLOAT", "id")}, "'f' is an id; make it INT or BYTES"),
        ({"x": feature("f", "TYPE_UNKNOWN", "id")}, "'f' has no usable type"),
        ({"x": feature("f", "INT", more="shape { dim { size: 1 } }")}, "has a shape but may be"),
        ({"x": feature("f", "INT", more='domain: "d"')}, "names the domain 'd'"),
        ({"x": feature("f", "INT", "train_only:default=top")}, "default 'top' is no int"),
        ({"x": feature("f", "INT", "catgorical")}, "did you mean 'categorical'"),
        ({"x": feature("p", "INT", "truth:click")}, "'truth:click': it must be 'type: FLOAT'"),
        ({"x": feature("p", "FLOAT", "truth:click", more="")}, "a probability in every row"),
        ({"x": feature("p", "FLOAT", "truth:clik")}, "unknown output 'clik'; did you mean 'click'"),
        (
            {x: feature(x, "FLOAT", "truth:click") for x in "pq"},
            "two features are tagged 'truth:click': p and q",
        ),
        (
            {"x": feature("h", "INT", "id", more=LIST)},
            "'h' is a list (value_count or shape) and is tagged 'id'",
        ),
        ({"x": feature("r", "INT", "sampling_rate")}, "'r' is the sampling rate; make it FLOAT"),
        ({"x": feature("r", "FLOAT", "sampling_rate", more="")}, "'r' may not be missing"),
        ({"x": feature("w", "BYTES", "weight")}, "'w' is the weight; make it FLOAT or INT"),
        (
            {"user": feature("uid", "FLOAT", "user_id")},
            "'uid' is the user_id; make it INT or BYTES",
        ),
        (
            {"x": feature("v", "FLOAT", "weight"), "y": feature("w", "FLOAT", "weight")},
            "at most one feature may be tagged 'weight', found v, w",
        ),
    ],
)
def test_contracts_that_can_not_be_used(changes, message):
    with pytest.raises(ContractError) as error:
        contract(**changes)
    assert message in str(error.value)


LATE = REQUIRED + ' not_in_environment: "SERVING"'


@pytest.mark.parametrize(
    ("tags", "more", "message"),
    [
        (
            ("after_impression", "numeric"),
            REQUIRED,
            "'dwell' is known only after the impression ('after_impression') and is a model input "
            "('numeric'): drop 'numeric'",
        ),
        (("truth:click", "numeric"), REQUIRED, "('truth:click') and is a model input ('numeric')"),
        (("after_impression", "train_only:default=0"), REQUIRED, "exclude each other"),
        (("numeric",), LATE, "add 'train_only:default=VALUE'"),
    ],
)
def test_a_model_input_must_be_known_before_the_impression(tags, more, message):
    with pytest.raises(ContractError) as error:
        contract(x=feature("dwell", "FLOAT", *tags, more=more))
    assert message in str(error.value)


def test_what_is_known_late_may_be_logged_but_is_no_input():
    found = contract(
        dwell=feature("dwell", "FLOAT", "after_impression", more=LATE),
        position=feature("position", "INT", "categorical", "train_only:default=1", more=LATE),
        truth=feature("p", "FLOAT", "truth:click", more=LATE),
    )
    assert [column.name for column in found.features] == ["uid", "position"]
    assert [column.name for column in found.serving_features] == ["page", "uid"]
    assert {output: column.name for output, column in found.truths.items()} == {"click": "p"}


def test_an_environment_is_left_out_by_default_or_by_name():
    only_training = 'default_environment: "TRAINING"\n'
    page = more = REQUIRED + ' in_environment: "SERVING"'
    scenario = feature(
        "page", "BYTES", "scenario", more=page + ' string_domain { value: "b" value: "a" }'
    )
    with pytest.raises(ContractError, match="'uid' is a model input .* leaves out"):
        contract(scenario=only_training + scenario)
    served = feature("uid", "INT", "user_id", "user", "id", more=more)
    assert contract(scenario=only_training + scenario, user=served).user_id.name == "uid"


def test_a_file_is_named_in_its_errors(tmp_path):
    path = tmp_path / "schema.pbtxt"
    with pytest.raises(ContractError, match=f"{path} does not exist"):
        load_contract(path)
    path.write_text("feature {")
    with pytest.raises(ContractError, match=f"{path}: "):
        load_contract(path)
    path.write_text(feature("f", "INT", "scenaro"))
    with pytest.raises(ContractError, match=f"{path}: feature 'f': unknown tag 'scenaro'"):
        load_contract(path)


SHIPPED = sorted(pathlib.Path(schemas.__file__).parent.glob("*/schema.pbtxt"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_schema_learns_vocabularies_of_ids_alone(path):
    found = load_contract(path)
    for column in found.features:
        if isinstance(column.treatment, Categorical):
            assert column.values or column.int_range, column.name
        assert column.side is not None, column.name


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_request_needs_no_label_no_time_and_no_train_only_column(path):
    schema = parse_schema(path.read_text())
    assert list(schema.default_environment) == ["TRAINING", "SERVING"]
    served = {x.name for x in schema.feature if "SERVING" not in x.not_in_environment}
    found = load_contract(path)
    assert served == {column.name for column in (*found.serving_features, *found.list_columns)}


def test_the_shipped_task_graphs():
    outputs = ["click", "action_given_click", "click_and_action"]
    outputs += ["conversion_given_click", "click_and_conversion"]
    graphs = {path.parent.name: load_contract(path).tasks for path in SHIPPED}
    assert [output.name for output in graphs["kuairand"].outputs] == outputs
    # Conversions without a click are legal here, so all of them are an output of their own.
    assert [output.name for output in graphs["synthetic"].outputs] == [*outputs, "conversion"]
    assert graphs["synthetic"].label("conversion").paths == ("click", "action")
    assert not graphs["synthetic"].label("conversion").constrained
    assert graphs["kuairand"].label("conversion").constrained


def test_a_schema_file_is_checked_when_its_text_is_read(tmp_path):
    with pytest.raises(ContractError, match="does not exist"):
        load_schema_text(tmp_path / "none.pbtxt")
    path = tmp_path / "schema.pbtxt"
    path.write_text('feature { name: "f" type: INT }')
    with pytest.raises(ContractError, match=r"schema\.pbtxt: no feature has a 'label:NAME' tag"):
        load_schema_text(path)
