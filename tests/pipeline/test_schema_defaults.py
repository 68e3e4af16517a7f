"""What the schema decides where a configuration says nothing, and what it can't do."""

import pytest

from common.settings import SettingsError, parse
from pipeline.config import PipelineConfig
from pipeline.schema_defaults import fitted
from schemas.contract import parse_schema, read_contract

ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
COLUMNS = {
    "time": f'feature {{ name: "t" type: INT {ONE} annotation {{ tag: "timestamp" }} }}',
    "user": 'feature { name: "u" type: INT annotation { tag: "user_id" tag: "id" } }',
    "scenario": f'feature {{ name: "s" type: BYTES {ONE} string_domain {{ value: "a" }} '
    'annotation { tag: "scenario" } }',
    "item": 'feature { name: "i" type: BYTES annotation { tag: "id" } }',
    "label": f'feature {{ name: "y" type: INT {ONE} annotation {{ tag: "label:y" }} }}',
}


def made(*without, **values):
    schema = "".join(text for name, text in COLUMNS.items() if name not in without)
    config = parse(
        PipelineConfig, {"data": {"schema_path": "s"}, "model": {"name": "mmoe"}, **values}
    )
    found = fitted(config, read_contract(parse_schema(schema)))
    split, window = found.split, found.window
    return split.by, split.eval_fraction, window.train_spans, window.eval_spans


def test_a_log_with_a_time_is_split_by_time():
    assert made() == ("time", None, 6, 1)
    assert made("user", "scenario") == ("time", None, 6, 1)
    assert made(split={"by": "user"}) == ("user", None, 6, 1)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, ("row", 0.1, 1, 0)),
        ({"split": {"eval_fraction": 0.3}}, ("row", 0.3, 1, 0)),
        ({"split": {"by": "user"}}, ("user", 0.1, 1, 0)),
        ({"window": {"train_spans": 3}}, ("row", 0.1, 3, 0)),
        ({"window": {"train_spans": 1, "eval_spans": 0}}, ("row", 0.1, 1, 0)),
        # Spans are deliveries then: the last one may judge.
        ({"window": {"train_spans": 3, "eval_spans": 1}}, ("row", None, 3, 1)),
        ({"window": {"eval_spans": 1}}, ("row", None, 1, 1)),
    ],
)
def test_a_log_without_a_time_is_one_span_split_by_row(values, wanted):
    assert made("time", **values) == wanted


@pytest.mark.parametrize(
    ("without", "values", "message"),
    [
        ("", {"window": {"eval_spans": 0}}, "nothing to evaluate on: set window.eval_spans or "),
        ("time", {"split": {"by": "time"}}, "split.by is 'time', but the schema has no timestamp"),
        ("user", {"split": {"by": "user"}}, "split.by is 'user', but the schema has no user_id"),
        (
            "user",
            {"gate": {"gauc_drop_at_most": 0.01}},
            "gate.gauc_drop_at_most is 0.01, but the schema has no user_id, and GAUC is a mean",
        ),
        (
            "user",
            {"gate": {"overrides": {"y": {"gauc_drop_at_most": 0.5}}}},
            "gate.overrides.y.gauc_drop_at_most is 0.5, but the schema has no user_id",
        ),
        (
            "scenario",
            {"gate": {"overrides": {"y/default": {"auc_at_least": 0.5}}}},
            "unknown scenario 'default'",
        ),
        ("time", {"leaks": {"exempt": ["ix"]}}, "ix"),
        (
            "time",
            {"training": {"loss_weights": {"yy": 1}}},
            "training.loss_weights: 'yy' is no such output; did you mean 'y'?",
        ),
        (
            "time",
            {"training": {"loss_weights": {"y": 0}}},
            "training.loss_weights: every output's weight is 0 (y): nothing would be learned; ",
        ),
    ],
)
def test_what_the_schema_can_not_do_is_refused_before_anything_runs(without, values, message):
    with pytest.raises(SettingsError) as error:
        made(without, **values)
    assert message in str(error.value)


def test_limits_of_gauc_are_kept_where_there_are_users():
    assert made("time", "scenario", gate={"gauc_drop_at_most": 0.01}) == ("row", 0.1, 1, 0)
