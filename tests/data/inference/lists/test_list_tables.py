"""Which column's table a list shares."""

import pyarrow as pa
import pytest

from data.inference.lists.list_column import ListColumn
from data.inference.lists.tables import find_table
from data.inference.sampling.profile import Profile


def table_of(name, lists, **columns):
    found = find_table(
        ListColumn(name, pa.array(lists)), [Profile(x, pa.array(y)) for x, y in columns.items()]
    )
    return found and (found.column.name, found.share, found.distinct, found.known, found.alike)


def test_shares_are_of_values_of_distinct_ones_and_of_the_columns():
    found = table_of("hist_items", [[1, 1, 2], [], [3, 9]], item_id=[1, 2, 3, 4, 5, None])
    assert found == ("item_id", 4 / 5, 3 / 4, 3 / 5, 1.0)


@pytest.mark.parametrize(
    ("name", "lists", "columns", "wanted"),
    [
        # Half of the values are enough for a column that is named so.
        ("hist_items", [[1, 9]], {"item_id": [1, 2]}, "item_id"),
        ("hist_items", [[1, 8, 9]], {"item_id": [1, 2]}, None),
        # Ids of another type are other ids.
        ("hist_items", [[1, 2]], {"item_id": ["1", "2"]}, None),
        # Counted-through numbers coincide; the best name, then the better share decide.
        ("friends", [list(range(100))], {"item_id": list(range(100))}, None),
        ("friends", [[x * 97 for x in range(99)]], {"who": [x * 97 for x in range(99)]}, "who"),
        ("friends", [[f"u{x}" for x in range(99)]], {"who": [f"u{x}" for x in range(99)]}, "who"),
        ("friends", [["a", "b"]], {"who": ["a", "b"]}, None),
        ("hist_kinds", [[1, 2]], {"item_id": [1, 2, 3, 4], "kind": [1, 2]}, "kind"),
        ("hist_items", [[1, 2, 9]], {"item_id": [1, 2], "item_kind": [1, 2, 9]}, "item_id"),
        ("hist_item_kinds", [[1, 2]], {"item_id": [1, 2, 3], "item_kind": [1, 2]}, "item_kind"),
    ],
)
def test_the_best_of_the_columns_that_pass_is_taken(name, lists, columns, wanted):
    found = table_of(name, lists, **columns)
    assert (found and found[0]) == wanted
