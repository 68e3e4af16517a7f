"""What Arrow lists are proposed as: sequences, several values, vectors, weights, or nothing."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inferred import polyrank
from proposed_lists import (
    COUNT,
    INTS,
    ITEMS,
    LOG,
    NUMBERS,
    ROWS,
    TEXTS,
    left_out,
    proposed,
    tagged,
)

from schemas.contract import load_contract
from schemas.tags import Sequence


def histories(longest=40, seed=1):
    """Lists of 0 to `longest` item ids."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 80, x).tolist() for x in rng.integers(0, longest + 1, COUNT)]


def test_a_history_shares_the_table_of_the_column_whose_ids_it_holds(tmp_path):
    lists = [[x if i % 10 else 1_000 for i, x in enumerate(h)] for h in histories()]
    values = sum(lists, [])
    share, distinct = 100 * np.mean(np.array(values) < 80), 100 * 80 / 81
    found = proposed(tmp_path, recent_items=pa.array(lists, INTS))
    assert tagged(found, "recent_items") == Sequence(length=50, of="item_id")
    said = f"{share:.1f}% of its values ({distinct:.1f}% of the distinct ones) stand in 'item_id'"
    assert (
        "a sequence: its name says what came before; oldest first and newest last is assumed (else "
        f"reverse the lists); all have at most 40; {said}: one table" in found.text
    )
    assert found.line("feature: recent_items") == (
        "feature: recent_items (a sequence, newest last, of 'item_id' "
        f"({share:.0f}% of its values stand there))"
    )


def test_aligned_lists_are_one_group_and_gaps_are_numbers(tmp_path):
    lists = histories()
    gaps = [sorted((0.5 + 60.0 * i for i in range(len(h))), reverse=True) for h in lists]
    found = proposed(
        tmp_path,
        hist_item=pa.array([h or None for h in lists], INTS),
        hist_kind=pa.array([[x % 8 for x in h] for h in lists], INTS),
        hist_gap=pa.array(gaps, NUMBERS),
    )
    (group,) = found.contract.sequence_groups
    assert (group.name, group.length) == ("hist", 50)
    assert [column.name for column in group.columns] == ["hist_item", "hist_kind", "hist_gap"]
    shared = {"length": 50, "group": "hist"}
    assert tagged(found, "hist_item") == Sequence(of="item_id", **shared)
    assert tagged(found, "hist_kind") == Sequence(of="item_kind", **shared)
    assert tagged(found, "hist_gap") == Sequence(buckets=16, **shared)
    assert found.contract.column("hist_gap").type == "float"


@pytest.mark.parametrize("newest_last", [True, False])
def test_where_a_history_grows_is_seen_from_row_to_row(tmp_path, newest_last):
    past, lists = {}, []
    for user, item in zip(ROWS.user_id, ITEMS.tolist(), strict=True):
        seen = past.setdefault(user, [])
        lists.append(seen[-6:] if newest_last else seen[-6:][::-1])
        past[user] = [*seen, (item * 7) % 80]
    found = proposed(tmp_path, recent_items=pa.array(lists, INTS))
    if newest_last:
        assert tagged(found, "recent_items") == Sequence(length=10, of="item_id")
        assert "oldest first and newest last, as " in found.text
        assert " lists show that grew from one row of their user to the next; all have" in (
            found.text
        )
    else:
        said = left_out(found, "recent_items")
        assert said.startswith("a sequence with its newest first, as ")
        assert said.endswith(" of their user to the next: reverse its lists, newest last")


def test_a_group_is_of_lists_that_are_equally_long_in_every_row(tmp_path):
    lists = histories()
    kinds = [[x % 8 for x in h] for h in lists]
    kinds[1_500] = [*kinds[1_500], 3]
    found = proposed(
        tmp_path, hist_item=pa.array(lists, INTS), hist_kind=pa.array(kinds, INTS),
        last_five=pa.array([[*h, *[7] * 5][:5] for h in lists], INTS),
    )  # fmt: skip
    assert [group.name for group in found.contract.sequence_groups] == [
        "hist_item", "hist_kind", "last_five",
    ]  # fmt: skip


def test_a_groups_name_is_no_columns(tmp_path):
    lists = histories()
    found = proposed(
        tmp_path, clicked=pa.array(ROWS.item_kind), clicked_items=pa.array(lists, INTS),
        clicked_kinds=pa.array([[x % 8 for x in h] for h in lists], INTS),
    )  # fmt: skip
    assert [group.name for group in found.contract.sequence_groups] == ["clicked_2"]


def test_moments_are_left_out_for_gaps(tmp_path):
    times = [[int(t) - 3_600 * (x + 1) for x in range(i % 5)] for i, t in enumerate(ROWS.timestamp)]
    fractions = [[x + 0.5 for x in row] for row in times]
    found = proposed(
        tmp_path, hist_ts=pa.array(times, INTS), hist_at=pa.array(fractions, pa.list_(pa.float64()))
    )
    assert left_out(found, "hist_ts") == left_out(found, "hist_at")
    assert left_out(found, "hist_ts") == (
        "its lists hold moments, and those of tomorrow are in no log of today: deliver how long "
        "each was before the row's own time (seconds, as a list of numbers), which is a gap"
    )


def test_outcomes_and_what_no_model_reads_are_left_out(tmp_path):
    lists = histories()
    found = proposed(
        tmp_path,
        clicks=pa.array(lists, INTS),
        nested=pa.array([None, *[[[1], [2]]] * (COUNT - 1)]),
        holes=pa.array([[1, None], [2]] * (COUNT // 2), INTS),
        nothing=pa.array([[]] * COUNT, INTS),
        same=pa.array([["a", "b"]] * COUNT, TEXTS),
        alone=pa.array([[x] for x in ITEMS], INTS),
    )
    assert found.contract.list_columns == ()
    assert left_out(found, "clicks") == "its name says outcome, which is no feature"
    assert left_out(found, "nested").startswith("its lists hold lists (list<item: list<item: ")
    assert "(first: log.parquet, row 1), which no model reads" in left_out(found, "nested").replace(
        "; first: ", ") (first: "
    )
    assert left_out(found, "holes").startswith(
        "the pipeline's reader refuses it: 1,000 of 2,000 rows are refused (null_in_list; first: "
    )
    assert left_out(found, "nothing") == "each of its lists is empty"
    assert left_out(found, "alone").startswith("a copy of 'item_id': each of its 80 lists goes ")
    assert left_out(found, "same") == "it is \"['a', 'b']\" in every row that has it"


def test_a_history_that_holds_its_own_moment_is_left_out(tmp_path):
    lists = [
        [*h, x] if click else h
        for h, x, click in zip(histories(5), ITEMS.tolist(), ROWS.click, strict=True)
    ]
    found = proposed(tmp_path, hist_items=pa.array(lists, INTS))
    said = left_out(found, "hist_items")
    assert said.startswith(
        "a leak? that its newest value is the row's own 'item_id' ranks 'click' with an AUC of 0.9"
    )
    assert said.endswith(": does it hold the row's own moment?")


def test_a_list_without_its_table_gets_one_of_its_own(tmp_path):
    code = np.array([f"c{x}" for x in ITEMS], object)
    code[7] = b"\xff"
    raw = pa.array([x if isinstance(x, bytes) else x.encode() for x in code])
    lists = [[f"c{x}" for x in h] for h in histories()]
    found = proposed(tmp_path, code=raw, past_codes=pa.array(lists, TEXTS))
    assert left_out(found, "code").startswith("the pipeline's reader refuses it: ")
    assert tagged(found, "past_codes") == Sequence(length=50)
    assert "('code' is left out: neither its table nor its weights are read)" in found.text


@pytest.mark.parametrize(("longest", "length"), [(1, 1), (4, 5), (12, 20), (45, 50), (200, 50)])
def test_the_length_holds_nearly_every_list(tmp_path, longest, length):
    rng = np.random.default_rng(0)
    lists = [rng.integers(0, 80, x % (longest + 1)).tolist() for x in range(COUNT)]
    found = proposed(tmp_path, past=pa.array(lists, INTS))
    assert tagged(found, "past").length == length


def test_files_whose_lists_are_of_other_types_are_one_log(tmp_path):
    log = tmp_path / "log.parts"
    log.mkdir()
    kinds = [pa.list_(pa.int32()), pa.large_list(pa.int64()), pa.list_(pa.null())]
    for number, kind in enumerate(kinds):
        part = LOG.slice(number * 600, 600)
        lists = histories()[:600] if number < 2 else [[]] * 600
        pq.write_table(part.append_column("hist", pa.array(lists, kind)), log / f"{number}.parquet")
    schema = tmp_path / "schema.pbtxt"
    ended = polyrank("schema", "infer", "--data", log, "--out", schema)
    assert ended.code == 0, ended.err
    assert load_contract(schema).column("hist").type == "int"
