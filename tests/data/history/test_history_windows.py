import numpy as np
import pyarrow as pa
import pytest

from data.history.arrays import TIMES, histories
from data.history.windows import event_order, windows_before


def test_a_row_sees_earlier_events_of_its_user_alone():
    users = np.array([1, 2, 1, 1, 2, -1])
    times = np.array([10, 11, 12, 13, 14, 15])
    is_event = np.array([True, True, False, True, True, True])
    lists = histories(users, times, is_event, {"item": np.array([5, 6, 7, 8, 9, 10])}, 50)
    assert lists["item"].to_pylist() == [[], [], [5], [5], [6], []]
    assert lists[TIMES].to_pylist() == [[], [], [10], [10], [11], []]


def test_the_newest_events_are_kept_newest_last():
    users, times = np.zeros(5, np.int64), np.array([50, 40, 30, 20, 10])
    lists = histories(users, times, np.ones(5, bool), {"item": np.arange(5)}, 2)
    assert lists["item"].to_pylist() == [[2, 1], [3, 2], [4, 3], [4], []]


def test_an_event_of_the_same_time_is_not_past():
    """The planted leak: each row of a tick tells its own outcome, and those of the others."""
    users, times = np.zeros(4, np.int64), np.array([10, 10, 10, 11])
    lists = histories(users, times, np.ones(4, bool), {"label": np.array([1, 2, 3, 4])}, 50)
    assert lists["label"].to_pylist() == [[], [], [], [1, 2, 3]]


def test_younger_events_than_the_delay_are_left_out_to_the_tick():
    users, times = np.zeros(3, np.int64), np.array([10, 12, 15])
    lists = histories(users, times, np.ones(3, bool), {"item": np.arange(3)}, 50, least_gap=3)
    assert lists["item"].to_pylist() == [[], [], [0, 1]]
    lists = histories(users, times, np.ones(3, bool), {"item": np.arange(3)}, 50, least_gap=4)
    assert lists["item"].to_pylist() == [[], [], [0]]


def test_a_gap_of_nothing_would_show_a_row_itself():
    with pytest.raises(ValueError, match="least_gap is 0"):
        windows_before(*(np.zeros(1, np.int64) for _ in range(4)), length=5, least_gap=0)


def test_no_rows_and_no_events():
    none = np.zeros(0, np.int64)
    assert histories(none, none, none.astype(bool), {"x": none}, 5)["x"].to_pylist() == []
    one = np.zeros(1, np.int64)
    assert histories(one, one, np.zeros(1, bool), {"x": one}, 5)["x"].to_pylist() == [[]]


def test_lists_of_one_window_share_their_offsets():
    draw = np.random.default_rng(0)
    users, times = draw.integers(0, 5, 300), draw.integers(0, 50, 300)
    texts = pa.array([f"t{i}" for i in range(300)])
    lists = histories(users, times, draw.random(300) < 0.4, {"n": np.arange(300), "text": texts}, 4)
    assert lists["n"].offsets.equals(lists["text"].offsets)
    assert [f"t{n}" for n in lists["n"].values.to_pylist()] == lists["text"].values.to_pylist()


def test_order_is_by_key_then_time_and_keeps_ties():
    order = event_order(np.array([1, 0, 1, 0, 1]), np.array([5, 9, 5, 2, 1]))
    assert order.tolist() == [3, 1, 4, 0, 2]


@pytest.mark.parametrize("spread", [1, 2**40])
def test_large_numbers_change_nothing(spread):
    """Users and times that do not fit into one number together."""
    draw = np.random.default_rng(3)
    users, times = draw.integers(0, 6, 400), draw.integers(0, 60, 400)
    is_event, items = draw.random(400) < 0.5, np.arange(400)
    plain = histories(users, times, is_event, {"item": items}, 5)
    wide = histories(users * spread, times * spread - 2**45, is_event, {"item": items}, 5)
    assert plain["item"].equals(wide["item"])
