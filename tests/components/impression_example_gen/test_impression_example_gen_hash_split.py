import numpy as np
import pyarrow as pa
import pytest
from impression_log import day_table, read_split
from siphash import siphash_unit

from common.settings import SettingsError, parse
from components.impression_example_gen.hash_split import HashSplit
from components.impression_example_gen.row_hash import unit_hashes
from components.impression_example_gen.split import Rows, SplitConfig

SPLITS = ("train", "validation", "eval")


def _splits(log, config, **options):
    examples, _ = log.run("run", config, **options)
    return {split: read_split(examples, split) for split in SPLITS}


def _make_log(log, users):
    """Three days whose 40 rows each belong to users drawn from `users`."""
    random = np.random.default_rng(5)
    for path in (log.folder / "log").rglob("*.parquet"):
        path.unlink()
    for day in range(3):
        table = day_table(day)
        at = table.schema.get_field_index("user")
        drawn = pa.array([f"user {i}" for i in random.integers(0, users, table.num_rows)])
        log.write(day, table.set_column(at, "user", drawn))


def test_a_user_is_in_one_split_of_three(log):
    _make_log(log, 50)
    config = SplitConfig(by="user", eval_fraction=0.3, validation_fraction=0.4)
    found = _splits(log, config, eval_spans=0)
    users = {split: {row["user"] for row in rows.values()} for split, rows in found.items()}
    assert sum(map(len, users.values())) == len(set.union(*users.values())) > 40
    assert sum(map(len, found.values())) == 120
    # The rule itself, from the hashes.
    for split, members in users.items():
        for user in members:
            u = siphash_unit(0, 0, user)
            assert split == (
                "eval" if u < 0.3 else "validation" if u < 0.3 + 0.7 * 0.4 else "train"
            )


def test_eval_spans_are_eval_and_the_other_days_users_are_split(log):
    _make_log(log, 20)
    found = _splits(log, SplitConfig(by="user", validation_fraction=0.4))
    assert set(found["eval"]) == set(day_table(2).column("time").to_pylist())
    train, validation = (
        {row["user"] for row in found[split].values()} for split in ("train", "validation")
    )
    assert train and validation and not train & validation
    assert len(found["train"]) + len(found["validation"]) == 80


def test_rows_are_split_one_by_one_and_equal_rows_together(contract):
    columns = day_table(0, 3_000).drop(["extra"])
    batch = {
        column.name: columns.column(column.name).combine_chunks().cast(kind)
        for column in contract.columns
        for kind in [{"int": pa.int64(), "float": pa.float32(), "bytes": pa.binary()}[column.type]]
        if column.name != "scenario"
    }
    split = HashSplit.of(
        SplitConfig(by="row", eval_fraction=0.2, validation_fraction=0.25, seed=4), ("2026-01-01",)
    )
    found = split.assign(Rows(contract, "2026-01-01", batch))
    counts = np.bincount(found)
    # 20 % each of eval and validation: within 5 standard errors.
    assert abs(counts[1:] - 600).max() < 5 * np.sqrt(3_000 * 0.2 * 0.8)
    order = np.random.default_rng(0).permutation(3_000)
    twice = pa.array(np.concatenate([order, order]))
    again = split.assign(Rows(contract, "d", {name: a.take(twice) for name, a in batch.items()}))
    assert again.tolist() == [*found[order], *found[order]]


def test_hashes_never_change_and_are_even():
    keys = np.array([b"", b"u1", "\u00e4".encode()], object)
    assert unit_hashes(keys, 0, "split").tolist() == [siphash_unit(0, 0, key) for key in keys]
    assert unit_hashes(keys, 7, "sampling").tolist() == [siphash_unit(7, 1, key) for key in keys]
    many = np.array([str(i) for i in range(20_000)], object)
    one, other = unit_hashes(many, 0, "split"), unit_hashes(many, 0, "sampling")
    assert abs(np.histogram(one, 10, (0, 1))[0] - 2_000).max() < 5 * np.sqrt(1_800)
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(20_000)
    assert abs(np.corrcoef(one, unit_hashes(many, 1, "split"))[0, 1]) < 5 / np.sqrt(20_000)


def test_an_int_user_hashes_like_its_text(contract):
    rows = Rows(contract, "d", {"user": pa.array([7, -1])})
    assert (
        unit_hashes(rows.users, 0, "split").tolist()
        == unit_hashes(np.array([b"7", b"-1"], object), 0, "split").tolist()
    )


def test_an_unknown_rule_is_refused():
    with pytest.raises(SettingsError, match="'by' is 'users'.*'time', 'user' or 'row'"):
        parse(SplitConfig, {"by": "users"})
