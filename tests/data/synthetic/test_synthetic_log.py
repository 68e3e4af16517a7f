import datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from common.errors import BadDataError
from common.settings import SettingsError, parse
from data.synthetic import TRUTH, SyntheticConfig, WorldConfig, draw_balanced, draw_log, write_log
from data.synthetic.columns import HIDDEN, contract


def test_columns_are_the_schemas_and_the_ground_truth(log):
    logged = [column for column in contract().columns if column.tags.truth is None]
    assert log.column_names == [*(column.name for column in logged), *TRUTH, *HIDDEN]
    kinds = {"int": "int64", "float": "float", "bytes": "string"}
    for column in logged:
        assert str(log.schema.field(column.name).type) == kinds[column.type], column.name


def test_no_ground_truth_is_a_feature():
    found = contract()
    assert not {*TRUTH, *HIDDEN} & {column.name for column in found.features}
    # The true probability of an action given a click is the ratio of two others.
    without = {"action_given_click"}
    assert found.truths.keys() == {output.name for output in found.tasks.outputs} - without
    assert {column.name for column in found.truths.values()} <= {*TRUTH}


def test_values_stay_in_their_domains_and_required_ones_are_there(log):
    for column in contract().columns:
        values = log.column(column.name)
        assert values.null_count == 0, column.name
        if column.int_range:
            seen = values.to_numpy()
            assert (seen.min(), seen.max()) == column.int_range, column.name
        if column.values:
            assert set(values.to_pylist()) == set(column.values)


def test_days_share_the_rows_and_are_in_the_order_of_time(config, log):
    time = log["timestamp"].to_numpy()
    assert (np.diff(time) >= 0).all()
    day, rows = np.unique(time // 86_400, return_counts=True)
    first = (config.start - datetime.date(1970, 1, 1)).days
    assert day.tolist() == [first, first + 1, first + 2]
    assert rows.tolist() == [20_000] * 3
    np.testing.assert_array_equal(time // 3600 % 24, log["hour"].to_numpy())


def test_rows_that_do_not_divide_go_to_the_first_days():
    log = draw_log(SyntheticConfig(rows=11, days=3))
    assert np.unique(log["timestamp"].to_numpy() // 86_400, return_counts=True)[1].tolist() == [
        4,
        4,
        3,
    ]


def test_the_seed_fixes_every_row(config, world, log):
    assert draw_log(config, world).equals(log)
    other = draw_log(config.model_copy(update={"seed": 1}), world)
    assert not other["user_id"].equals(log["user_id"])


def test_a_day_depends_on_its_date_and_not_on_the_days_before(config, world, log):
    second = config.start + datetime.timedelta(days=1)
    alone = config.model_copy(update={"start": second, "days": 1, "rows": 20_000})
    assert draw_log(alone, world).equals(log.slice(20_000, 20_000))


def test_scenarios_have_their_shares(config, log):
    names, rows = np.unique(log["scenario"].to_pylist(), return_counts=True)
    found = dict(zip(names, rows / log.num_rows, strict=True))
    for name, share in zip(contract().scenarios, config.world.shares, strict=True):
        error = 4 * np.sqrt(share * (1 - share) / log.num_rows)
        assert found[name] == pytest.approx(share, abs=error)


def test_labels_obey_the_task_graph(log):
    rows = log.to_pandas()
    assert not ((rows.action == 1) & (rows.click == 0)).any()
    assert not ((rows.conversion == 1) & (rows.click == 0)).any()
    clicked = rows[rows.click == 1]
    assert (clicked.conversion == clicked.potential_conversion).all()
    assert rows.potential_conversion.sum() > 5 * rows.conversion.sum()
    assert (rows.conversion_delay_hours.notna() == (rows.conversion == 1)).all()


def test_labels_are_drawn_with_the_true_probabilities(log):
    rows = log.to_pandas()
    pairs = {
        "true_ctr": rows.click,
        "true_ctavr": rows.action,
        "true_cvr": rows.potential_conversion,
        "true_ctcvr": rows.click * rows.conversion,
        "true_xcvr": rows.conversion,
    }
    for name, label in pairs.items():
        p = rows[name]
        for part in (p < p.median(), p >= p.median()):
            error = 4 * np.sqrt((p * (1 - p))[part].sum())
            assert label[part].sum() == pytest.approx(p[part].sum(), abs=error), name


def test_the_mean_delay_is_six_hours(log):
    delay = log["conversion_delay_hours"].drop_null().to_numpy()
    assert delay.mean() == pytest.approx(6, abs=4 * 6 / np.sqrt(len(delay)))


def test_conversions_without_a_click_come_with_their_knob():
    config = SyntheticConfig(rows=50_000, days=1, world=WorldConfig(unclicked_conversion=0.004))
    rows = draw_log(config).to_pandas()
    unclicked = rows[rows.click == 0]
    error = 4 * np.sqrt(0.004 / len(unclicked))
    assert unclicked.conversion.mean() == pytest.approx(0.004, abs=error)
    expected = rows.true_ctcvr + (1 - rows.true_ctr) * 0.004
    np.testing.assert_allclose(rows.true_xcvr, expected, rtol=1e-12)


def test_the_balanced_set_has_equal_scenarios_and_other_rows(config, world, balanced):
    assert balanced.scenario.value_counts().to_dict() == dict.fromkeys(contract().scenarios, 10_000)
    after = np.datetime64(config.start) + config.days
    assert (balanced.timestamp // 86_400 == after.astype(int)).all()
    top = draw_balanced(config, 10, world, position=0).to_pandas()
    assert (top.position == 0).all()
    assert set(balanced.position) == set(range(10))


def test_written_spans_hold_the_log(config, log, tmp_path):
    write_log(tmp_path, config)
    names = [f"span=2026-01-0{day}" for day in (1, 2, 3)]
    assert sorted(x.name for x in tmp_path.iterdir()) == names
    assert (
        pq.ParquetFile(tmp_path / names[1] / "part-00000.parquet")
        .read()
        .equals(log.slice(20_000, 20_000))
    )
    with pytest.raises(BadDataError, match="already holds span=2026-01-01 and 2 more"):
        write_log(tmp_path, config)


def test_a_world_of_another_number_of_scenarios_does_not_fit_the_schema(tmp_path):
    two = {name: (0.5, 0.5) for name in ("shares", "click_rate", "conversion_rate")}
    world = WorldConfig(**two, groups=(0, 1), signs=(1, -1))
    with pytest.raises(SettingsError, match="2 values; the schema has 7 scenarios"):
        write_log(tmp_path, SyntheticConfig(rows=10, days=1, world=world))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rows": 3, "days": 4}, "3 rows do not fill 4 days"),
        ({"world": {"shares": [0.5, 0.4]}}, "add up to 0.9"),
        ({"world": {"signs": [1, 1]}}, "signs has 2 values, shares has 7"),
        ({"world": {"conversion_scale": 9}}, "must stay below 1"),
        ({"world": {"weights": {"interacton": 1}}}, "did you mean 'interaction'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, message):
    with pytest.raises(SettingsError, match=message):
        parse(SyntheticConfig, values)
