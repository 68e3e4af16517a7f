"""Which values are no user's, in slices too."""

import pyarrow as pa
import pytest

from data.log.user_ids import known_users


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_blank_texts_are_no_users_in_any_slice_of_a_file(kind):
    texts = [None if row % 11 == 0 else " " if row % 7 == 0 else f"u{row}" for row in range(3_000)]
    users = pa.array(texts).cast(kind)
    for start, rows in ((0, 3_000), (2_000, 1_000), (3, 17), (5, 0)):
        found = known_users(users.slice(start, rows))
        found.validate(full=True)
        wanted = [text if text and text.strip() else None for text in texts[start : start + rows]]
        assert found.cast(pa.string()).to_pylist() == wanted and found.type == kind


def test_numbers_are_users():
    users = pa.array([0, None, 7])
    assert known_users(users) is users
