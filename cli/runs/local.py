"""A run on this machine with a terminal for people and a log file for the rest."""

from __future__ import annotations

import dataclasses
import logging
import pathlib

from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.common.terminal import quiet_terminal
from cli.common.work_folder import check_free, make_run_directory, only_run_in
from cli.runs.display import RunDisplay, show_passed_over
from cli.runs.ending import collect, failed
from cli.runs.made_lists import without_made_lists
from cli.runs.memory import released_memory
from cli.runs.prepare_data import prepared
from cli.runs.pruned_after_run import pruned_after_run
from cli.runs.result import RunResult
from cli.runs.tables import print_result
from common.json_files import write_json
from common.source_digest import code_digest
from pipeline.config import PipelineConfig
from pipeline.local import local_pipeline
from pipeline.locations import Locations
from pipeline.log_state import LogState, look_at_log
from pipeline.metadata import open_record
from pipeline.run_record import RunRecord
from pipeline.schema_defaults import check_names

_LOG = logging.getLogger(__name__)
_STARTS_AFRESH = (
    "the source has changed since the last run in this work folder: nothing is taken from the cache"
)


def run_locally(
    config: PipelineConfig,
    work_dir: str | pathlib.Path,
    *,
    people_read_stderr: bool = False,
    verbose: bool = False,
    log_everything: bool = False,
) -> RunResult:
    """Runs the pipeline, shows one line a component, and writes `result.json`.

    A run's failure leaves it as an outcome with a reason, not as an exception; the stack
    trace goes to the run's log.

    Args:
      config: what to run.
      work_dir: all that runs write is below it.
      people_read_stderr: True where stdout must stay free for a machine.
      verbose: shows every cell of the evaluation, not only the overall ones and what refused.
      log_everything: the run's log holds what other libraries say of their progress too.

    Raises:
      PolyrankError: `work_dir` can't be written or has a name that can't be used, or another run
        is using it.
    """
    check_free(work_dir)
    locations = Locations(str(pathlib.Path(work_dir).resolve()), config.name)
    with only_run_in(locations.work_dir):
        # Not before: a run that is refused leaves no folder of a run that never ended.
        record = open_record(config.metadata, locations)
        directory = make_run_directory(locations.runs_dir)
        with quiet_terminal(
            directory / "run.log",
            people_read_stderr=people_read_stderr,
            log_everything=log_everything,
        ) as terminal:
            console = console_on(terminal)
            with Progress(console) as progress, released_memory():
                result = _run(config, locations, record, directory, progress)
            write_json(directory / "result.json", result.document())
            if line := pruned_after_run(config, locations):
                console.print(f"  {line}", soft_wrap=True, markup=False)
            print_result(console, result, verbose=verbose)
    return result


def _run(
    config: PipelineConfig,
    locations: Locations,
    record: RunRecord,
    directory: pathlib.Path,
    progress: Progress,
) -> RunResult:
    runs_before = len(record.run_ids())
    log: LogState | None = None
    try:
        check_names(without_made_lists(config))
        progress.work_on("preparing the data")
        config = prepared(config, locations, progress.console)
        if runs_before and not record.made_by(code_digest()):
            progress.print(f"  {_STARTS_AFRESH}", soft_wrap=True)
        progress.work_on("reading the log for its digest")
        log = look_at_log(config)
        show_passed_over(log, progress)
        pipeline = local_pipeline(config, locations.work_dir, log)
        with RunDisplay(progress, record):
            LocalDagRunner().run(pipeline)
        result = collect(record, config.model.name, directory)
    except Exception as error:
        _LOG.exception("the run failed")
        result = failed(error, record, runs_before, config.model.name, directory)
    return dataclasses.replace(result, log=log)
