import hashlib
import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from impression_log import DATES, SCHEMA, changed, day_table, read_split, wanted_rows
from tfx.components.util import examples_utils, tfxio_utils
from tfx.types import artifact_utils

from common.errors import BadDataError
from components.impression_example_gen.split import SplitConfig
from data.log.report import Refused, Report, judge
from data.log.rule import Rule
from schemas.contract import parse_schema


def test_the_splits_hold_exactly_the_rows_of_the_log(log):
    examples, _ = log.run("run")
    # Of the 80 train rows the last quarter is validation: the last 20 of the second day.
    second = day_table(1)
    assert read_split(examples, "train") == wanted_rows(day_table(0), second.slice(0, 20))
    assert read_split(examples, "validation") == wanted_rows(second.slice(20))
    assert read_split(examples, "eval") == wanted_rows(day_table(2))


def test_eval_fraction_splits_all_spans_by_time(log):
    config = SplitConfig(eval_fraction=0.1, validation_fraction=0.25)
    examples, _ = log.run("run", config, eval_spans=0)
    # 120 rows: the last 12 are eval; of the other 108 the last 27 are validation.
    third = day_table(2)
    assert read_split(examples, "eval") == wanted_rows(third.slice(28))
    assert len(read_split(examples, "validation")) == 27
    assert len(read_split(examples, "train")) == 81


def test_artifact_is_what_stock_components_expect(log):
    examples, quarantine = log.run("run")
    assert artifact_utils.decode_split_names(examples.split_names) == [
        "train",
        "validation",
        "eval",
    ]
    assert examples.span == 20260103
    assert examples_utils.get_payload_format_string(examples) == "FORMAT_TF_EXAMPLE"
    assert examples_utils.get_file_format(examples) == "tfrecords_gzip"
    counts = {"train": 60, "validation": 20, "eval": 40, "quarantined": 0, "sampled_away": 0}
    for name, rows in counts.items():
        assert examples.get_int_custom_property(f"rows_{name}") == rows
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert record["rows"] == counts
    assert sum(file["rows"] for file in record["files"]) == 120
    assert record["window"] == {"train": list(DATES[:2]), "eval": [DATES[2]]}
    names = sorted(p.relative_to(examples.uri).as_posix() for p in _files(examples.uri))
    assert names == sorted(
        ["examples.json"]
        + [
            f"Split-{split}/examples-0000{i}-of-00003.gz"
            for split in ("train", "validation", "eval")
            for i in range(3)
        ]
    )
    assert list(_files(quarantine.uri)) == []


def _files(folder):
    return (path for path in pathlib.Path(folder).rglob("*") if path.is_file())


def test_tfxio_reads_the_split_with_the_schema(log):
    examples, _ = log.run("run", shards=30)  # So many that some are empty.
    make = tfxio_utils.get_tfxio_factory_from_artifact(
        [examples], ["test"], parse_schema(SCHEMA), read_as_raw_records=False
    )
    source = make(examples_utils.get_split_file_patterns([examples], "eval"))
    from tfx_bsl.public.tfxio import RecordBatchesOptions

    options = RecordBatchesOptions(batch_size=64, num_epochs=1, shuffle=False)
    table = pa.Table.from_batches(list(source.RecordBatches(options)))
    assert table.num_rows == 40
    wanted = {row["time"]: row for row in day_table(2).to_pylist()}
    for row in table.to_pylist():
        source_row = wanted[row["time"][0]]
        assert row["price"] == (None if source_row["price"] is None else [source_row["price"]])
        assert row["weight"] == [source_row["weight"]]


@pytest.mark.e2e
@pytest.mark.slow  # Every end-to-end run has these statistics made of these artifacts.
def test_stock_statistics_gen_reads_the_artifact(log):
    from tfx.components.statistics_gen.executor import Executor as StatisticsGen
    from tfx.types import standard_artifacts

    from common.tfx_compat import beam_arguments, tfdv

    examples, _ = log.run("run", shards=30)
    statistics = standard_artifacts.ExampleStatistics()
    statistics.uri = str(log.folder / "statistics")
    context = StatisticsGen.Context(beam_pipeline_args=beam_arguments([]))
    StatisticsGen(context).Do(
        {"examples": [examples]},
        {"statistics": [statistics]},
        {"exclude_splits": "[]", "stats_options_json": tfdv.StatsOptions().to_json()},
    )
    path = pathlib.Path(statistics.uri, "Split-train", "FeatureStats.pb")
    found = tfdv.load_stats_binary(str(path)).datasets[0]
    assert found.num_examples == 60
    missing = {f.path.step[0]: f for f in found.features}["age"].num_stats.common_stats.num_missing
    assert missing == 12  # Every fifth of 60.


def _digests(examples):
    return {
        path.relative_to(examples.uri).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _files(examples.uri)
    }


def test_the_same_log_gives_the_same_bytes(log):
    first, _ = log.run("one")
    second, _ = log.run("two")
    assert _digests(first) == _digests(second)
    assert len(_digests(first)) == 10


def test_a_shard_written_twice_is_the_same_and_leaves_nothing_behind(log, contract, monkeypatch):
    from components.impression_example_gen.shard import WriteShard

    first, _ = log.run("one")
    process = WriteShard.process

    def fail_in_the_middle_then_retry(self, shard):
        write = WriteShard._write_piece
        pieces = []

        def broken(self, *arguments):
            pieces.append(arguments)
            if len(pieces) == 2:
                raise ConnectionError("the worker was lost")
            write(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(WriteShard, "_write_piece", broken)
            with pytest.raises(ConnectionError):
                process(self, shard)
        assert not list(pathlib.Path(self._examples).glob(f"Split-*/*-{shard.index:05d}-of-*"))
        process(self, shard)
        process(self, shard)

    monkeypatch.setattr(WriteShard, "process", fail_in_the_middle_then_retry)
    again, _ = log.run("two")
    assert _digests(again) == _digests(first)


def test_refused_rows_are_kept_as_they_were_with_the_reason(log):
    table = changed(day_table(1), "scenario", {17: "cart"})
    table = changed(table, "buy", {1: 1, 38: 3})
    log.write(1, table)
    config = SplitConfig(validation_fraction=0.25, max_quarantined_share=0.03)
    examples, quarantine = log.run("run", config)
    for artifact in (examples, quarantine):
        assert artifact.get_int_custom_property("rows_quarantined") == 3
    kept = pa.concat_tables(map(pq.read_table, sorted(_files(quarantine.uri)))).to_pylist()
    reasons = {
        row["quarantine_row"]: (row["quarantine_reason"], row["quarantine_column"]) for row in kept
    }
    assert reasons == {
        1: ("child_without_parent", "buy"),
        17: ("unknown_scenario", "scenario"),
        38: ("not_0_or_1", "buy"),
    }
    original = table.to_pylist()
    for row in kept:
        assert row["quarantine_file"] == f"span={DATES[1]}/part-0.parquet"
        assert {k: v for k, v in row.items() if not k.startswith("quarantine")} == original[
            row["quarantine_row"]
        ]
    rows = {**read_split(examples, "train"), **read_split(examples, "validation")}
    good = [i for i in range(40) if i not in reasons]
    assert rows == wanted_rows(day_table(0), day_table(1).take(good))


def test_too_many_refused_rows_stop_the_run_with_the_most_frequent_reason(log):
    table = changed(day_table(1), "click", {20: 7, 33: 8, 5: None})
    log.write(1, table)
    with pytest.raises(BadDataError) as error:
        log.run("run")
    lines = str(error.value).splitlines()
    assert lines[0].startswith("3 of 120 rows (2.50%) break the contract; at most 1.00% may")
    assert lines[1] == (
        "  not_0_or_1: 2 rows; for one, span=2026-01-02/part-0.parquet, row 20: "
        "column 'click' is 7; wanted 0 or 1"
    )
    assert "missing: 1 rows" in lines[2] and "row 5: column 'click' is None" in lines[2]
    assert not pathlib.Path(log.folder, "run", "examples", ".unfinished").exists()


def test_a_file_without_a_column_is_named_before_any_work(log):
    log.write(1, day_table(1).drop(["click"]), "part-1")
    with pytest.raises(BadDataError) as error:
        log.run("run")
    assert str(error.value).startswith("span=2026-01-02/part-1.parquet does not fit the schema")
    assert "column 'click' is missing; wanted INT" in str(error.value)
    assert not pathlib.Path(log.folder, "run", "examples", "Split-train").exists()


def test_a_file_that_is_no_parquet_is_named(log):
    path = log.folder / "log" / f"span={DATES[1]}" / "part-1.parquet"
    path.write_bytes(b"time,user\n1,2\n")
    with pytest.raises(BadDataError, match="span=2026-01-02/part-1.parquet can't be read as Parq"):
        log.run("run")


def test_a_file_with_broken_pages_reaches_the_caller_as_bad_data(log):
    # The column that is read up front stays whole; the last one's data is overwritten.
    path = log.folder / "log" / f"span={DATES[2]}" / "part-0.parquet"
    content = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(10)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
    with pytest.raises(BadDataError, match="span=2026-01-03/part-0.parquet, row group 1 can't be"):
        log.run("run")


def test_a_span_without_files_or_rows_is_named(log):
    folder = log.folder / "log" / f"span={DATES[1]}"
    (folder / "part-0.parquet").rename(folder / "_part-0.parquet")
    with pytest.raises(BadDataError, match="span=2026-01-02 holds no .parquet, .csv, .csv.gz"):
        log.run("run")
    log.write(1, day_table(1).slice(0, 0))
    with pytest.raises(BadDataError, match="span=2026-01-02 has files but no row"):
        log.run("run")


def test_a_wrong_time_unit_says_so(log):
    for day in range(3):
        table = day_table(day)
        at = table.schema.get_field_index("time")
        milliseconds = pa.array(np.array(table.column("time")) * 1_000)
        for path in (log.folder / "log" / f"span={DATES[day]}").iterdir():
            path.unlink()
        log.write(day, table.set_column(at, "time", milliseconds))
    with pytest.raises(BadDataError, match="column 'time' is 1767225600000; wanted 1767225600 to"):
        log.run("run")


def test_an_empty_split_is_an_error(log):
    report = Report(10, {"train": 8, "validation": 1, "eval": 0})
    report.refuse(Refused(Rule("missing", "user", "a value"), 1, "f", 0, "None"))
    with pytest.raises(BadDataError, match="no row is left in split eval"):
        judge(report, 10, 0.5)


def test_lost_or_doubled_rows_are_an_error():
    with pytest.raises(RuntimeError, match="10 surveyed, 10 read, 9 accounted"):
        judge(Report(10, {"train": 7, "validation": 1, "eval": 1}), 10, 0.5)
    with pytest.raises(RuntimeError, match="10 surveyed, 9 read, 9 accounted"):
        judge(Report(9, {"train": 7, "validation": 1, "eval": 1}), 10, 0.5)


def test_reports_add_up_and_survive_json():
    rule = Rule("not_0_or_1", "click", "0 or 1")
    one, two = Report(5, {"train": 4, "validation": 0, "eval": 0}), Report(4)
    one.refuse(Refused(rule, 1, "b", 3, "7"))
    two.refuse(Refused(rule, 3, "a", 9, "8"))
    two.refuse(Refused(Rule("missing", "user", "a value"), 1, "a", 1, "None"))
    total = Report()
    for report in (one, two):
        total.add(Report.from_json(report.to_json()))
    assert (total.read, total.quarantined, total.rows["train"]) == (9, 5, 4)
    assert total.by_frequency()[0] == Refused(rule, 4, "a", 9, "8")
