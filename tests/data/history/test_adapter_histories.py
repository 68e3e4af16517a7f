"""Histories that adapters add are those that `polyrank data history` adds to their logs."""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from past_events import CONTRACT, DATES, random_day, read_day
from past_events import write_log as write_days

from common.settings import SettingsError, parse
from data.adapters import kuairand, movielens
from data.adapters.movielens import MovielensConfig
from data.adapters.registry import write_spans_with
from data.history.config import HistoryConfig
from data.history.log_plan import plan_of_log
from data.history.schema_text import schema_of_log
from data.history.tables import HistoryOptions, write_table
from data.history.write_log import write_histories
from schemas.contract import load_contract, parse_schema, read_contract

DAY_ONE = 881_250_949  # 1997-12-04


def tables_of(folder):
    """Each span's rows, by its name."""
    return {
        span.name: pq.ParquetFile(span / "part-00000.parquet").read()
        for span in sorted(pathlib.Path(folder).glob("span=*"))
    }


@pytest.fixture
def ratings(tmp_path):
    """MovieLens' three files: two persons, four films."""
    rows = [(1, 10, 4, 0), (1, 11, 3, 5), (1, 12, 5, 5), (2, 10, 5, 7), (1, 13, 1, 100_000)]
    source = tmp_path / "source"
    source.mkdir()
    (source / "ml-100k.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        + "".join(f"{u}\t{i}\t{r}\t{DAY_ONE + t}\n" for u, i, r, t in rows)
    )
    (source / "ml-100k.user").write_text(
        "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
        "1\t24\tM\ttechnician\t85711\n2\t25\tF\tnone\t04043\n"
    )
    (source / "ml-100k.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        + "".join(f"{item}\tfilm\t1995\tDrama Comedy\n" for item in (10, 11, 12, 13))
    )
    return source


def test_movielens_positive_ratings_are_the_events(ratings, tmp_path):
    history = {"events": ["click", "like"], "length": 5}
    write_spans_with("movielens", ratings, tmp_path / "log", {"history": history}, where="test")
    first, second = tables_of(tmp_path / "log").values()
    assert first["item_id"].to_pylist() == [10, 11, 12, 10]
    # Two ratings of one second: neither is before the other.
    assert first["history_item_id"].to_pylist() == [[], [10], [10], []]
    assert second["history_item_id"].to_pylist() == [[10, 12]]
    assert second["history_action"].to_pylist() == [["click", "like"]]
    assert second["history_gap"].to_pylist() == [[100_000, 99_995]]
    text = schema_of_log(movielens.SCHEMA, HistoryConfig(**history), str(tmp_path / "log"))
    columns = [column.name for column in read_contract(parse_schema(text)).columns]
    assert columns == first.column_names


def test_without_the_option_nothing_changes(ratings, tmp_path):
    movielens.write_log(ratings, tmp_path / "plain")
    columns = [column.name for column in load_contract(movielens.SCHEMA).columns]
    for table in tables_of(tmp_path / "plain").values():
        assert table.column_names == columns


def test_made_up_days_have_no_history():
    with pytest.raises(SettingsError, match="'history' and 'random_split' exclude each other"):
        parse(MovielensConfig, {"history": {"events": ["click"]}, "random_split": 1})
    with pytest.raises(SettingsError, match="unknown key 'history.event'.*events"):
        parse(HistoryOptions, {"history": {"events": ["click"], "event": 1}})


@pytest.mark.parametrize("scenario", ["all", "own"])
def test_a_table_gets_the_lists_that_its_log_gets(tmp_path, scenario):
    days = [random_day(day, 90, 8).sort_by("time") for day in range(3)]
    config = HistoryConfig(
        events=("click", "buy"), columns=("item", "brand"), length=4, scenario=scenario
    )
    write_table(pa.concat_tables(days), tmp_path / "table", CONTRACT, config)
    log = write_days(tmp_path / "log", dict(zip(DATES, days, strict=True)))
    write_histories(plan_of_log(CONTRACT, config, log), log, tmp_path / "out")
    for date, table in zip(DATES, tables_of(tmp_path / "table").values(), strict=True):
        logged = read_day(tmp_path / "out", date)
        for name in ("history_item", "history_brand", "history_action", "history_gap"):
            assert table[name].to_pylist() == logged[name].to_pylist()


def test_the_excerpt_of_kuairand_gets_the_histories_of_its_log(kuairand_excerpt, tmp_path):
    config = HistoryConfig(events=("click", "conversion"), length=20)
    kuairand.write_log(kuairand_excerpt, tmp_path / "plain")
    kuairand.write_log(kuairand_excerpt, tmp_path / "made", HistoryOptions(history=config))
    contract = load_contract(kuairand.SCHEMA)
    plan = plan_of_log(contract, config, str(tmp_path / "plain"))
    written, _ = write_histories(plan, str(tmp_path / "plain"), tmp_path / "out")
    assert [column.name for column in plan.values] == ["video_id"]
    made, out = tables_of(tmp_path / "made"), tables_of(tmp_path / "out")
    assert made.keys() == out.keys()
    for name, table in made.items():
        assert table.equals(out[name])
    assert written.report.read == 41_828 - 116
    assert written.report.quarantined == 0
    assert written.events == 27_447
