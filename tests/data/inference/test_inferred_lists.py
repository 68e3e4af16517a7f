"""What Arrow lists are proposed as: sequences, several values, vectors, weights, or nothing."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inferred import infer, logged, polyrank

from schemas.contract import load_contract
from schemas.tags import MultiValue, Sequence, Vector

ROWS = logged(rows=2_000)
LOG = pa.Table.from_pandas(ROWS, preserve_index=False)
COUNT = len(ROWS)
ITEMS = ROWS.item_id.to_numpy()
INTS, TEXTS, NUMBERS = pa.list_(pa.int64()), pa.list_(pa.string()), pa.list_(pa.float32())


def histories(longest=40, seed=1):
    """Lists of 0 to `longest` item ids."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 80, x).tolist() for x in rng.integers(0, longest + 1, COUNT)]


def proposed(folder, **columns):
    """What is made of the log with these columns too, held against the whole log."""
    table = LOG
    for name, values in columns.items():
        table = table.append_column(name, values)
    found = infer(folder, table, name="log.parquet")
    assert "2,000 keep the contract" in found.check()
    return found


def tagged(found, name):
    column = found.contract.column(name)
    assert column.ragged
    return column.list_treatment


def left_out(found, name):
    return found.line(f"left out: {name} (").removeprefix(f"left out: {name} (").removesuffix(")")


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


def test_what_has_no_order_is_several_values(tmp_path):
    genres = pa.array([[f"g{y}" for y in range(x % 4)] for x in ITEMS], TEXTS)
    some = pa.array([[f"s{x}", "t"] for x in ITEMS % 7], TEXTS)
    found = proposed(tmp_path, genres=genres, stuff=some)
    assert tagged(found, "genres") == MultiValue(length=3)
    assert tagged(found, "stuff") == MultiValue(length=2)
    assert found.contract.column("genres").side == "item"
    assert "several values: its name says values of equal standing; all have at most 3" in (
        found.text
    )
    assert "several values: nothing says an order of its values (if they have one: 'sequence')" in (
        found.text
    )


def test_numbers_that_are_as_many_as_the_values_weigh_them(tmp_path):
    found = proposed(
        tmp_path,
        topics=pa.array([[f"g{y}" for y in range(x % 4)] for x in ITEMS], TEXTS),
        topic_scores=pa.array([[0.5 + y for y in range(x % 4)] for x in ITEMS], NUMBERS),
        colors=pa.array([[f"c{y}" for y in range(x % 3)] for x in ITEMS], TEXTS),
        below=pa.array([[0.5 - y for y in range(x % 3)] for x in ITEMS], NUMBERS),
    )
    assert tagged(found, "topics") == MultiValue(length=3, weights="topic_scores")
    assert tagged(found, "topic_scores") is None
    assert [x.name for x in found.contract.list_columns] == ["topics", "topic_scores", "colors"]
    # A value that counts less than nothing is no weight.
    assert tagged(found, "colors") == MultiValue(length=2)
    assert left_out(found, "below") == (
        "lists of 0 to 2 numbers, as many as the values of 'colors', but not weights of these, "
        "which would be at least 0; if its values have an order, tag it 'sequence:buckets=16'"
    )


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ([], ": as weights of these they are read if both columns hold their lists in the same"),
        (["hues"], ", 'hues': weights of which? Name it in that list's tag ('weights=amount')"),
    ],
)
def test_numbers_that_could_be_weights_are_left_out_with_what_to_do(tmp_path, second, why):
    values = [[f"c{y}" for y in range(x % 4)] for x in ITEMS]
    as_text = ["|".join(row) for row in values]
    amounts = [[0.5 + y for y in range(x % 4)] for x in ITEMS]
    found = proposed(
        tmp_path,
        colors=pa.array(values, TEXTS) if second else pa.array(as_text),
        **{name: pa.array([row[::-1] for row in values], TEXTS) for name in second},
        amount=pa.array(amounts, NUMBERS),
    )
    start = f"lists of 0 to 3 numbers, as many as the values of 'colors'{why}"
    assert left_out(found, "amount")[: len(start)] == start


def test_numbers_of_one_length_are_a_vector(tmp_path):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(COUNT, 16))
    codes = rng.integers(-127, 128, (COUNT, 8))
    found = proposed(
        tmp_path,
        always=pa.array(list(dense), pa.list_(pa.float32(), 16)),
        sometimes=pa.array([x.tolist() if i % 4 else None for i, x in enumerate(dense)], NUMBERS),
        item_emb=pa.array(list(codes), pa.list_(pa.int8())),
        # One of each item: it says which items are alike, and so it is no other name of the item.
        picture=pa.array(list(dense[ITEMS]), NUMBERS),
        three=pa.array(dense[:, :3].tolist(), NUMBERS),
    )
    assert tagged(found, "always") == tagged(found, "sometimes") == Vector(dim=16)
    assert tagged(found, "item_emb") == Vector(dim=8)
    assert tagged(found, "picture") == Vector(dim=16)
    assert found.contract.column("picture").side == "item"
    assert found.contract.column("item_emb").type == "float"
    required = {x.name: x.required for x in found.contract.list_features}
    assert required == {"always": True, "sometimes": False, "item_emb": True, "picture": True}
    assert "a vector: every list has 16 numbers; it is missing in 25.00% of the rows" in found.text
    assert left_out(found, "three").startswith(
        "3 numbers each, which is no vector (one length, at least 4), and no list of ids has as"
    )


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
