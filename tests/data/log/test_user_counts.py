"""What tells a user_id from a row number, a constant and an empty column."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest

from data.log.user_counts import UserCounts
from schemas.contract import parse_schema, read_contract

USER = (
    read_contract(
        parse_schema(
            'feature { name: "u" type: BYTES annotation { tag: "user_id" tag: "id" } }'
            'feature { name: "y" type: INT presence { min_fraction: 1 } '
            'shape { dim { size: 1 } } annotation { tag: "label:y" } }'
        )
    )
).user_id
REMEDY = (
    "; tag the column that tells persons apart, or drop its user_id tag (polyrank schema infer "
    "--user none)"
)


def counted(values, kind=None, parts=1):
    found = UserCounts()
    for part in np.array_split(np.array(values, object), parts):
        one = UserCounts()
        one.add(pa.array(part.tolist(), kind or pa.int64()))
        # As a shard's report carries it.
        found.merge(UserCounts.from_json(json.loads(json.dumps(dataclasses.asdict(one)))))
    return found


@pytest.mark.parametrize("parts", [1, 7])
def test_rows_users_and_guests_are_counted(parts):
    found = counted([b"a", None, b"b", b"a", None, None, b"c"], pa.binary(), parts)
    assert (found.rows, found.guests, found.distinct) == (4, 3, 3)
    assert sorted(found.kept.values()) == [1, 1, 2]
    assert found.unusable(USER) is None


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (range(1_000), "has 1,000 values in 1,000 rows: a value that does not come back is a"),
        ([*range(991), *range(9)], "has 991 values in 1,000 rows: a value that does not come"),
        ([*range(990), *range(10)], None),  # one row in a hundred is of a user who was there
        (range(999), None),  # too few to say
        ([7] * 20, "is the same in all 20 rows: one person's rows say nothing of others"),
        ([None] * 20, "is empty in all 20 rows"),
        ([None, 7, 8], None),
    ],
)
def test_a_column_that_is_no_user_is_named_with_the_remedy(values, told):
    found = counted(list(values)).unusable(USER)
    if told is None:
        assert found is None
    else:
        assert found.startswith(f"column 'u' (user_id) {told}") and found.endswith(REMEDY)


def test_many_users_are_judged_by_some_of_them():
    unique = counted(range(50_000), parts=5)
    assert len(unique.kept) == 4_096 and set(unique.kept.values()) == {1}
    assert "has about 50,000 values in 50,000 rows" in unique.unusable(USER)
    # Every user twice, once in each of two files.
    twice = counted([*range(50_000)] * 2, parts=2)
    assert set(twice.kept.values()) == {2} and twice.distinct == 50_000
    assert twice.unusable(USER) is None


def test_order_and_parts_change_nothing():
    users = np.random.default_rng(2).integers(0, 9_000, 30_000)
    one = counted(users.tolist())
    other = counted(np.random.default_rng(3).permutation(users).tolist(), parts=11)
    assert one == other


def test_no_row_says_nothing():
    assert UserCounts().unusable(USER) is None
