"""Surveys the log, has Beam write the shards, and answers for the result."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.io import fileio
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from common.errors import BadDataError
from common.json_files import write_json
from common.names import SPLITS
from common.settings import SettingsError, parse
from components.impression_example_gen.hash_split import HashSplit
from components.impression_example_gen.plan import Shard, plan_shards
from components.impression_example_gen.sampling import SamplingConfig
from components.impression_example_gen.shard import WriteShard, report_name
from components.impression_example_gen.split import Split, SplitConfig
from components.impression_example_gen.time_split import find_cutoffs
from components.impression_example_gen.volume import check_volume, small_spans, volume_lines
from components.span_window import window as span_window
from components.span_window.config import VolumeConfig
from data.log.files import left_out_lines
from data.log.labels.gap_filling import gap_lines
from data.log.report import Report, judge
from data.log.survey import SurveyedFile, rows_by_date, survey
from data.log.time_counts import TimeCounts
from schemas.contract import Contract, parse_schema, read_contract

FILE_NAME = "examples.json"

_log = logging.getLogger(__name__)

# What is shown on the terminal while a component runs.
_PROGRESS = logging.getLogger("polyrank.progress")


class Executor(BaseBeamExecutor):
    """See `components.impression_example_gen.component.ImpressionExampleGen`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the splits, the quarantine and `examples.json`.

        Raises:
          BadDataError: the log does not fit the schema, or too many of its rows don't; or its
            users are row numbers; or its newest spans have few rows and `volume` refuses that.
          SettingsError: `split`, `sampling` or `volume` can't be used.
        """
        sampling = parse(SamplingConfig, json.loads(exec_properties["sampling"]), "sampling")
        contract = _read_contract(artifact_utils.get_single_uri(input_dict["schema"]))
        config = parse(SplitConfig, json.loads(exec_properties["split"]), "split").of(contract)
        window = span_window.read(artifact_utils.get_single_uri(input_dict["window"]))
        found = survey(contract, exec_properties["data_path"], window.dates)
        for line in left_out_lines(found.left_out):
            _PROGRESS.warning(line)
        files = found.files
        volume = parse(VolumeConfig, json.loads(exec_properties["volume"]), "volume")
        small = small_spans(rows_by_date(files), window, volume)
        check_volume(small, volume)
        for line in volume_lines(small):
            _PROGRESS.warning(line)
        split = _make_split(config, files, window.eval)

        examples = artifact_utils.get_single_instance(output_dict["examples"])
        refused = artifact_utils.get_single_instance(output_dict["quarantine"])
        temporary = f"{examples.uri}/.unfinished"
        folders = [f"{examples.uri}/Split-{split}" for split in SPLITS]
        for folder in (temporary, refused.uri, *folders):
            fileio.makedirs(folder)
        shards = plan_shards(files, exec_properties["shards"])
        level = exec_properties["compression_level"]
        gaps = found.gaps.decide(contract)
        write = WriteShard(
            contract,
            gaps,
            split,
            sampling,
            len(shards),
            level,
            examples.uri,
            refused.uri,
            temporary,
        )
        try:
            report = self._write(shards, write, temporary)
        finally:
            fileio.rmtree(temporary)
        judge(report, sum(file.rows for file in files), config.max_quarantined_share)
        if contract.user_id and (wrong := report.users.unusable(contract.user_id)):
            raise BadDataError(wrong)
        for reason in report.reasons():
            _log.warning("quarantined: %s", reason)
        for line in gap_lines(contract, gaps):
            _PROGRESS.warning(line)
        for line in report.unknown.lines(contract, gaps.left_out):
            _PROGRESS.warning("%s: its loss and metrics leave them out", line)
        for line in report.lists.lines(contract):
            _PROGRESS.warning(line)

        _describe(examples, refused, report, window)
        examples.set_string_custom_property("note", report.unknown.note(contract))
        record = {
            "rows": report.counts(),
            "window": {"train": list(window.train), "eval": list(window.eval)},
            "split": {**config.model_dump(), **split.record()},
            "sampling": sampling.model_dump(),
            "guests": report.users.guests,
            "rows_by_span": rows_by_date(files),
            "small_spans": [dataclasses.asdict(span) for span in small],
            "refused": [
                {"reason": r.rule.name, "column": r.rule.column, "rows": r.rows}
                for r in report.by_frequency()
            ],
            "labels_negative_without_parent": _spans_by_column(gaps.negative),
            "labels_left_out": _spans_by_column(gaps.left_out),
            "labels_not_known_yet": report.unknown.records(contract),
            "lists_longer_than_read": report.lists.records(contract),
            "files": [{"name": file.file.name, "rows": file.rows} for file in files],
            "left_out": [dataclasses.asdict(item) for item in found.left_out],
        }
        write_json(f"{examples.uri}/{FILE_NAME}", record)

    def _write(self, shards: list[Shard], write: WriteShard, temporary: str) -> Report:
        """Runs the Beam pipeline and adds up the reports that it leaves in `temporary`."""
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "Shards" >> beam.Create(shards) | "Write" >> beam.ParDo(write)
        report = Report()
        for shard in shards:
            with fileio.open(f"{temporary}/{report_name(shard.index)}") as file:
                report.add(Report.from_json(file.read()))
        return report


def _read_contract(folder: str) -> Contract:
    path = f"{folder}/schema.pbtxt"
    with fileio.open(path) as file:
        return read_contract(parse_schema(file.read(), path))


def _make_split(
    config: SplitConfig, files: Sequence[SurveyedFile], eval_dates: tuple[str, ...]
) -> Split:
    if config.eval_fraction is None and not eval_dates:
        raise SettingsError(
            "the window has no eval spans and eval_fraction is not set: nothing would be "
            "evaluated; set eval_spans to at least 1, or eval_fraction"
        )
    if config.by == "time":
        return find_cutoffs(config, _times_by_date(files), eval_dates)
    return HashSplit.of(config, eval_dates)


def _times_by_date(files: Sequence[SurveyedFile]) -> dict[str, TimeCounts]:
    dates = dict.fromkeys(file.date for file in files)
    return {
        date: TimeCounts.merged([file.times for file in files if file.date == date])
        for date in dates
    }


def _spans_by_column(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """(date, label's column) as a column's dates, in order."""
    found: dict[str, list[str]] = {}
    for date, column in sorted(keys):
        found.setdefault(column, []).append(date)
    return found


def _describe(examples: Any, refused: Any, report: Report, window: span_window.Window) -> None:
    """Sets the properties that stock components read, and the counts."""
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples.span = int(window.dates[-1].replace("-", ""))
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    examples_utils.set_file_format(examples, "tfrecords_gzip")
    for name, rows in report.counts().items():
        examples.set_int_custom_property(f"rows_{name}", rows)
    refused.set_int_custom_property("rows_quarantined", report.quarantined)
