"""A study of transfer from the held rows to its tables."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

from cli.common.progress import Progress
from cli.compare.conclusion import CompareResult
from cli.compare.plan import Comparison
from cli.compare.transfer.advice import advice, conclusion
from cli.compare.transfer.files import transfer_document, write_transfer_csv
from cli.compare.transfer.jobs import finished_trials, transfer_jobs
from cli.compare.transfer.matrix import Matrix, transfer_matrix
from cli.compare.transfer.plot import plot_transfer
from cli.compare.transfer.report import transfer_report
from cli.compare.transfer.table import matrix_table
from cli.compare.transfer.variants import rows_of, variants
from cli.compare.trials import run_trials
from common.errors import PolyrankError
from common.json_files import write_json
from common.names import EVAL, TRAIN, VALIDATION
from models.trials.data import TrialData
from models.trials.records import RecordFile


def study_transfer(
    comparison: Comparison,
    features: pathlib.Path,
    out: pathlib.Path,
    processes: int,
    progress: Progress,
    records: RecordFile | None,
) -> CompareResult:
    """Trains the only model of a comparison on all rows, without and on each scenario's.

    Args:
      comparison: the model, its training and the seeds.
      features: the folder of the saved TrialData.
      out: the trials and tables.
      processes: trials at a time.
      progress: prints the lines and tables.
      records: finished trials that are taken from it, and added to it.

    Raises:
      PolyrankError: the log has fewer than two scenarios, or every joint trial has failed.
    """
    data = TrialData.load(features)
    jobs = transfer_jobs(comparison, variants(data), features, data.fingerprint, out)
    outcomes = run_trials(list(jobs.values()), processes, progress, records)
    trials = finished_trials(jobs, outcomes)
    failures = [
        f"{o.job.model}, seed {o.job.seed}: {o.error} ({o.job.log_path})"
        for o in outcomes
        if o.result is None
    ]
    if not any(variant.kind == "joint" for variant in trials):
        raise PolyrankError("every joint trial failed; the first failure: " + failures[0])
    progress.work_on("writing the tables and the plot")
    scenarios = data.layout.scenarios
    splits = {TRAIN: data.train, VALIDATION: data.validation, EVAL: data.eval}
    rows = {split: rows_of(held, scenarios) for split, held in splits.items()}
    matrix = transfer_matrix(trials, scenarios)
    return conclude_transfer(comparison, matrix, rows, failures, out, progress)


def conclude_transfer(
    comparison: Comparison,
    matrix: Matrix,
    rows: Mapping[str, Mapping[str, int]],
    failures: Sequence[str],
    out: pathlib.Path,
    progress: Progress,
) -> CompareResult:
    """Writes the files, shows the table, and says what to do.

    Args:
      comparison: what was trained.
      matrix: the gains.
      rows: split -> scenario -> rows.
      failures: one line a failed trial.
      out: the folder of the files.
      progress: prints the table.
    """
    out.mkdir(parents=True, exist_ok=True)
    endings = {"transfer": "csv", "report": "md", "plot": "png"}
    files = {name: str(out / f"transfer.{ending}") for name, ending in endings.items()}
    write_transfer_csv(pathlib.Path(files["transfer"]), matrix)
    text = transfer_report(comparison, matrix, rows, failures)
    pathlib.Path(files["report"]).write_text(text, encoding="utf-8")
    plot_transfer(pathlib.Path(files["plot"]), matrix)
    document = {
        "status": "failed trials" if failures else "compared",
        "exit_code": 1 if failures else 0,
        "failed": list(failures),
        "rows": {split: sum(counts.values()) for split, counts in rows.items()},
        "files": files,
        **transfer_document(comparison.document(), matrix, rows),
    }
    write_json(out / "transfer.json", document)
    progress.print(matrix_table(matrix))
    for name, said in advice(matrix).items():
        progress.print(f"{name}: {said}", markup=False, soft_wrap=True)
    progress.print(conclusion(matrix), markup=False, soft_wrap=True)
    last = f"compared: {files['report']}"
    if failures:
        last = f"failed: {len(failures)} trials; the rest: {files['report']}"
    progress.print(last, markup=False, soft_wrap=True)
    return CompareResult(document["exit_code"], document)
