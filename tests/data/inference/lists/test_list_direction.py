"""Where the histories of users grow."""

import numpy as np
import pyarrow as pa

from data.inference.lists.direction import direction
from data.inference.lists.list_column import ListColumn

AT_END = [[], [1], [1, 2], [2, 3], [2, 3, 4, 5], [2, 3, 4, 5]]


def seen(lists, users, times=None):
    times = np.arange(len(lists)) if times is None else times
    return direction(ListColumn("x", pa.array(lists)), np.array(users), np.array(times, float))


def test_lists_that_grow_at_their_end_have_the_newest_last():
    users = np.repeat(np.arange(10), 6)
    # Of each user three lists grew: from none, and to the same one, says nothing.
    said = "newest last, as 30 of 30 lists show that grew from one row of their user to the next"
    assert seen(AT_END * 10, users) == (True, said)
    reverse = [row[::-1] for row in AT_END]
    assert seen(reverse * 10, users) == (False, said.replace("last", "first"))
    # The order of the rows is that of the time.
    assert seen((AT_END * 10)[::-1], users[::-1], np.arange(60)[::-1]) == (True, said)
    # Lists that shrink have grown nowhere.
    assert seen([[1, 2, 3], [1, 2], [1], []] * 10, np.repeat(np.arange(10), 4)) is None


def test_few_changes_and_both_ways_say_nothing():
    users = np.repeat(np.arange(6), 6)
    assert seen(AT_END * 6, users) is None
    both = AT_END * 5 + [row[::-1] for row in AT_END] * 5
    assert seen(both, np.repeat(np.arange(10), 6)) is None
    # Neither rows of no user nor rows of one time have an order.
    assert seen(AT_END * 10, np.full(60, -1)) is None
    assert seen(AT_END * 10, np.repeat(np.arange(10), 6), np.zeros(60)) is None
