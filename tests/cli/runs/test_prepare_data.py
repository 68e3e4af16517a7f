"""Spans for a run: the user's own, or made once by the adapter."""

import dataclasses
import io
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from impression_log import DATES, SCHEMA, day_table
from rich.console import Console

from cli.runs.made_lists import without_made_lists
from cli.runs.prepare_data import prepared
from common.settings import SettingsError
from data.adapters.registry import ADAPTERS
from pipeline.config_files import load_config
from pipeline.locations import Locations
from pipeline.presets import preset_path
from pipeline.schema_defaults import check_names
from schemas.contract import load_contract

OVERRIDES = ["data.adapter_options.rows=60", "data.adapter_options.days=3"]


_MOVIELENS = {
    "inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "1\t10\t4\t881250949\n1\t11\t4\t881250950\n",
    "user": "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
    "1\t24\tM\ttechnician\t85711\n",
    "item": "item_id:token\trelease_year:token\tclass:token_seq\n10\t1995\tDrama\n11\t1995\tWar\n",
}


def _prepared(tmp_path, preset="synthetic", overrides=(), data_path=None):
    config = load_config(preset_path(preset), overrides, data_path=data_path)
    locations = Locations(str(tmp_path / "work"), config.name)
    return prepared(config, locations, Console(quiet=True))


def test_the_synthetic_adapter_makes_spans_once(tmp_path):
    first = _prepared(tmp_path, overrides=OVERRIDES)
    folder = pathlib.Path(first.data.path)
    assert folder.parent == tmp_path / "work" / "data"
    files = sorted(folder.glob("span=*/*.parquet"))
    assert len({file.parent for file in files}) == 3
    times = [file.stat().st_mtime_ns for file in files]
    assert _prepared(tmp_path, overrides=OVERRIDES).data.path == first.data.path
    assert [file.stat().st_mtime_ns for file in files] == times
    # Of a run that was stopped in between only a folder of another name is left.
    folder.rename(folder.with_name(f".{folder.name}.0.unfinished"))
    assert sorted(pathlib.Path(_prepared(tmp_path, overrides=OVERRIDES).data.path).glob("*"))
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    other = _prepared(tmp_path, overrides=[*OVERRIDES, "data.adapter_options.seed=9"])
    assert other.data.path != first.data.path


def test_movielens_is_downloaded_where_no_path_is_given(tmp_path, monkeypatch):
    calls = []

    def write_log(source, out, options, overwrite):
        calls.append((source, options.random_split))
        (out / "span=2000-01-01").mkdir(parents=True)

    counted = dataclasses.replace(ADAPTERS["movielens"], write=write_log)
    monkeypatch.setitem(ADAPTERS, "movielens", counted)
    plain = _prepared(tmp_path, "movielens")
    random = _prepared(tmp_path, "movielens_random")
    other = _prepared(tmp_path, "movielens_random", ["data.adapter_options.random_split=7"])
    assert len({x.data.path for x in (plain, random, other)}) == 3
    (tmp_path / "raw").mkdir()
    _prepared(tmp_path, "movielens", data_path=str(tmp_path / "raw"))
    assert calls == [(None, None), (None, 2021), (None, 7), (tmp_path / "raw", None)]
    with pytest.raises(SettingsError, match="unknown key 'seed'"):
        _prepared(tmp_path, "movielens", ["data.adapter_options.seed=7"])


def test_a_folder_of_spans_is_left_alone(tmp_path):
    (tmp_path / "log" / "span=2026-01-01").mkdir(parents=True)
    config = _prepared(tmp_path, data_path=str(tmp_path / "log"))
    assert config.data.path == str(tmp_path / "log")
    assert not (tmp_path / "work").exists()


def test_missing_data_and_unknown_adapters_are_told(tmp_path):
    with pytest.raises(SettingsError, match="give --data FOLDER"):
        _prepared(tmp_path, "kuairand")
    with pytest.raises(SettingsError, match="no data: give --data DIR"):
        _prepared(tmp_path, overrides=["data.adapter=null"])
    with pytest.raises(SettingsError, match="did you mean 'kuairand'"):
        _prepared(tmp_path, overrides=["data.adapter=kuairnd"])


def test_histories_come_with_the_schema_that_has_their_lists(tmp_path):
    history = ["data.adapter_options.history={events: [click], length: 7}"]
    source = tmp_path / "ratings"
    source.mkdir()
    for name, text in _MOVIELENS.items():
        (source / f"ml-100k.{name}").write_text(text)
    made = _prepared(tmp_path, "movielens", history, data_path=str(source))
    (file,) = pathlib.Path(made.data.path).glob("span=*/*.parquet")
    assert pq.read_table(file)["history_item_id"].to_pylist() == [[], [10]]
    contract = load_contract(made.data.schema_path)
    assert [group.length for group in contract.sequence_groups] == [7]
    assert pathlib.Path(made.data.schema_path) == pathlib.Path(f"{made.data.path}.pbtxt")
    again = _prepared(tmp_path, "movielens", history, data_path=str(source))
    assert again.data == made.data
    plain = _prepared(tmp_path, "movielens", data_path=str(source))
    assert plain.data.path != made.data.path
    with pytest.raises(SettingsError, match="holds spans already.*polyrank data history"):
        _prepared(tmp_path, "movielens", history, data_path=plain.data.path)


def test_files_of_ones_own_become_spans_by_the_runs_schema(tmp_path):
    source = tmp_path / "raw"
    source.mkdir()
    (source / "notes.md").write_text("read me")
    table = day_table(0).append_column("unused", pa.array(range(40)))
    pq.write_table(table, source / "log.parquet")
    schema = tmp_path / "schema.pbtxt"
    schema.write_text(SCHEMA)

    def made():
        overrides = ["data.adapter=user_files", f"data.schema_path={schema}"]
        overrides += ["data.adapter_options={}"]
        config = load_config(preset_path("synthetic"), overrides, data_path=str(source))
        printed = io.StringIO()
        found = prepared(
            config, Locations(str(tmp_path / "work"), config.name), Console(file=printed)
        )
        return pathlib.Path(found.data.path), printed.getvalue()

    first, printed = made()
    assert "left out: notes.md (its name does not end in .parquet" in printed
    (span,) = first.glob("span=*")
    assert (span.name, pq.read_table(span).num_rows) == (f"span={DATES[0]}", 40)
    assert "unused" not in pq.read_table(span).column_names
    assert made() == (first, "")
    # Another schema writes other columns, or other types.
    schema.write_text(SCHEMA + "\n# changed")
    assert made()[0] != first


def test_lists_that_are_made_later_are_no_unknown_names():
    made = ["data.adapter_options.history={events: [click], length: 20, group: seen}"]
    config = load_config(
        preset_path("movielens"), [*made, "leaks.exempt=[seen_item_id, item_id, genre]"]
    )
    assert without_made_lists(config).leaks.exempt == ("item_id", "genre")
    check_names(without_made_lists(config))
    without = load_config(preset_path("movielens"), ["leaks.exempt=[seen_item_id]"])
    assert without_made_lists(without) == without
    with pytest.raises(SettingsError, match=r"leaks\.exempt: unknown feature 'seen_item_id'"):
        check_names(without_made_lists(without))
    wrong = load_config(preset_path("movielens"), ["data.adapter_options.history={evens: [click]}"])
    with pytest.raises(SettingsError, match=r"data\.adapter_options\.history.*evens"):
        without_made_lists(wrong)
