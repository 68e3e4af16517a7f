"""Worlds in which what a user clicked before matters."""

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.settings import SettingsError, parse
from data.history.config import HistoryConfig
from data.history.plan import make_plan
from data.history.write_log import write_histories
from data.synthetic import (
    SyntheticConfig,
    World,
    WorldConfig,
    draw_balanced,
    draw_log,
    no_clicks,
    soft_auc,
    write_log,
)
from data.synthetic.clicks_before import ClicksBefore, draw_clicks, rounds
from data.synthetic.columns import HISTORY, HISTORY_SCHEMA, SCHEMA, contract, history_length
from data.synthetic.log import log_schema
from data.synthetic.match import NO_ITEM, item_styles, match, recency, style_affinity

LENGTH = 20


@pytest.fixture(scope="module")
def config():
    # Few users, so that histories grow longer than what a row holds.
    world = WorldConfig(users=40, items=60, histories=True, history_clicks=3)
    return SyntheticConfig(rows=3_000, days=3, world=world)


@pytest.fixture(scope="module")
def world(config):
    return World.build(config.world)


@pytest.fixture(scope="module")
def users(config):
    return no_clicks(config)


@pytest.fixture(scope="module")
def log(config, world, users):
    return draw_log(config, world, users)


@pytest.fixture(scope="module")
def balanced(config, world, users, log):
    return draw_balanced(config, 300, world, None, users)


def logit(p):
    return np.log(p / (1 - p))


def without_effect(world):
    weights = world.config.weights.model_copy(update={"history": 0.0})
    return dataclasses.replace(world, config=world.config.model_copy(update={"weights": weights}))


def test_the_schema_is_the_other_logs_and_the_lists():
    own, other = contract(histories=True), contract()
    added = own.columns[len(other.columns) :]
    assert own.columns[: len(other.columns)] == other.columns
    assert tuple(column.name for column in added) == HISTORY
    assert [column.list_treatment.of for column in added] == ["item_id", "item_category", None]
    assert own.tasks == other.tasks
    assert history_length() == LENGTH
    # Not only what a contract reads of it: comments and order too.
    body = SCHEMA.read_text().split("\n", 2)[2]
    assert HISTORY_SCHEMA.read_text().split("\n", 2)[2].startswith(body)


def test_a_logs_columns_are_those_of_its_schema(log):
    assert log.schema == log_schema(histories=True)
    others = [name for name in log.column_names if name not in HISTORY]
    assert others == log_schema().names
    assert log.select(others).schema == log_schema()
    assert all(
        log[name].null_count == 0 for name in log.column_names if name != log.column_names[-1]
    )


def test_a_match_by_hand():
    affinity = np.array([[1.0, -2.0], [-2.0, 3.0]])
    styles = np.array([0, 1, 1])
    weight = recency(4, clicks=3, half_life=1.0)
    np.testing.assert_array_equal(weight, [0, 0.25, 0.5, 1])
    history = np.array([[0, 2, 0, 1], [NO_ITEM, NO_ITEM, NO_ITEM, 2], [NO_ITEM] * 4])
    found = match(affinity, styles, history, np.array([1, 0, 0]), weight)
    # The first: styles 1, 0, 1 of the last three clicks with style 1.
    np.testing.assert_allclose(found, [(0.25 * 3 - 0.5 * 2 + 3) / 1.75, -2, 0])


def test_an_affinity_is_symmetric_and_standardised():
    found = style_affinity(12, np.random.default_rng(0))
    np.testing.assert_array_equal(found, found.T)
    assert (found.mean(), found.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))


def test_a_share_of_the_items_has_its_categorys_style():
    category = np.arange(6_000) % 12
    found = item_styles(category, 5, 0.5, np.random.default_rng(0))
    assert set(found) == set(range(5))
    # Of the others a fifth has that style by chance.
    assert (found == category % 5).mean() == pytest.approx(0.6, abs=0.03)
    assert (item_styles(category, 5, 1.0, np.random.default_rng(0)) == category % 5).all()


def test_rounds_are_the_moments_of_each_user():
    user = np.array([1, 0, 1, 1, 0, 1])
    time = np.array([5, 9, 3, 5, 1, 7])
    found = [positions.tolist() for positions in rounds(user, time)]
    assert found == [[2, 4], [0, 1, 3], [5]]


def test_clicks_at_one_time_do_not_see_each_other(world):
    rows = {
        "user_id": np.array([4, 4, 4, 5]),
        "item_id": np.array([7, 8, 9, 6]),
        "timestamp": np.array([10, 10, 12, 11]),
    }
    users = ClicksBefore.none(40, 3)
    certain = np.full(4, 30.0)
    found = draw_clicks(world, rows, certain, np.full(4, 0.5), users)
    assert found.items.tolist() == [[-1, -1, -1], [-1, -1, -1], [-1, 7, 8], [-1, -1, -1]]
    assert found.times[2].tolist() == [0, 10, 10]
    assert users.items[4].tolist() == [7, 8, 9]
    assert users.times[5].tolist() == [0, 0, 11]


def test_a_rows_history_is_the_users_earlier_clicks(log):
    rows = log.to_pylist()
    earlier: dict[int, list] = {}
    longest = 0
    for _, group in itertools.groupby(rows, key=lambda row: row["timestamp"]):
        moment = list(group)
        for row in moment:
            clicks = earlier.get(row["user_id"], [])
            longest = max(longest, len(clicks))
            kept = clicks[-LENGTH:]
            assert row["history_item_id"] == [click["item_id"] for click in kept]
            assert row["history_item_category"] == [click["item_category"] for click in kept]
            gaps = [row["timestamp"] - click["timestamp"] for click in kept]
            assert row["history_gap"] == gaps
            assert min(gaps, default=1) > 0
        for row in moment:
            if row["click"]:
                earlier.setdefault(row["user_id"], []).append(row)
    assert longest > LENGTH


def test_the_balanced_rows_come_right_after_the_log(config, world, log, balanced):
    clicked = log.to_pandas().query("click == 1")
    last = {user: rows.item_id.tolist()[-LENGTH:] for user, rows in clicked.groupby("user_id")}
    for row in balanced.to_pylist():
        assert row["history_item_id"] == last.get(row["user_id"], [])
    assert draw_balanced(config, 300, world).equals(balanced)


def test_the_true_probabilities_know_the_histories(config, world, users, balanced):
    base = draw_balanced(config, 300, without_effect(world), None, users)
    added = logit(balanced["true_ctr"].to_numpy()) - logit(base["true_ctr"].to_numpy())
    expected = []
    for row in balanced.to_pylist():
        newest = row["history_item_id"][::-1][:3]
        weights = [0.5 ** (age / 5) for age in range(len(newest))]
        values = [
            world.click.affinity[world.styles[item], world.styles[row["item_id"]]]
            for item in newest
        ]
        expected.append(1.2 * np.average(values, weights=weights) if newest else 0.0)
    np.testing.assert_allclose(added, expected, atol=1e-9)
    # The conversion's affinity is correlated with the click's, the action's is its own.
    click, conversion = world.click.affinity.ravel(), world.conversion.affinity.ravel()
    assert np.corrcoef(click, conversion)[0, 1] == pytest.approx(0.5, abs=0.25)
    assert not base["true_ctcvr"].equals(balanced["true_ctcvr"])


def test_labels_are_drawn_with_the_probabilities_that_know_the_histories(log):
    rows = log.to_pandas()
    lengths = rows.history_item_id.map(len)
    pairs = {"true_ctr": rows.click, "true_ctcvr": rows.click * rows.conversion}
    for name, label in pairs.items():
        p = rows[name]
        for part in (lengths == 0, lengths > 0, p < p.median(), p >= p.median()):
            error = 4 * np.sqrt((p * (1 - p))[part].sum())
            assert label[part].sum() == pytest.approx(p[part].sum(), abs=error), name


def test_who_does_not_know_the_histories_ranks_worse(config, world, users, balanced):
    base = draw_balanced(config, 300, without_effect(world), None, users)
    p = balanced["true_ctr"].to_numpy()
    assert soft_auc(p, p) - soft_auc(base["true_ctr"].to_numpy(), p) > 0.02


def test_histories_without_weight_leave_a_log_as_it_is(config):
    weights = config.world.weights.model_copy(update={"history": 0.0})
    idle = config.world.model_copy(update={"weights": weights})
    off = idle.model_copy(update={"histories": False})
    logs = [draw_log(config.model_copy(update={"world": x})) for x in (idle, off)]
    assert logs[0].drop(HISTORY).equals(logs[1])


def test_written_spans_hold_the_log_with_its_lists(config, log, tmp_path):
    write_log(tmp_path, config)
    paths = sorted(tmp_path.glob("span=*/part-*.parquet"))
    assert len(paths) == 3
    assert pq.ParquetFile(paths[1]).read().equals(log.slice(1_000, 1_000))


def test_more_clicks_than_a_row_holds_are_refused():
    with pytest.raises(SettingsError, match="history_clicks is 21, and a row's history holds 20"):
        parse(WorldConfig, {"histories": True, "history_clicks": 21})
    parse(WorldConfig, {"history_clicks": 21})


def test_the_command_that_builds_histories_from_a_log_builds_these(config, log, tmp_path):
    write_log(tmp_path / "log", config)
    settings = HistoryConfig(
        events=("click",), length=LENGTH, columns=("item_id", "item_category"), group="built"
    )
    write_histories(make_plan(contract(), settings), str(tmp_path / "log"), tmp_path / "out")
    paths = sorted((tmp_path / "out").glob("span=*/part-*.parquet"))
    built = pa.concat_tables(pq.ParquetFile(path).read() for path in paths)
    for name in HISTORY:
        assert built[name.replace("history", "built")].equals(log[name]), name
