"""The trials of a comparison with a line of progress each, and their records."""

from __future__ import annotations

from collections.abc import Sequence

from cli.common.progress import Progress
from cli.compare.workers import Job, Outcome, run_jobs
from models.trials.records import Record, RecordFile
from models.trials.result import read_result


def run_trials(
    jobs: Sequence[Job], processes: int, progress: Progress, records: RecordFile | None = None
) -> list[Outcome]:
    """Runs the trials that are neither recorded nor finished; prints a line for each.

    Args:
      jobs: the trials.
      processes: how many run at once, at most.
      progress: prints the lines.
      records: finished trials that are taken from it; those that are not in it are added.

    Returns:
      One outcome a job, in the order of `jobs`.
    """
    width = max((len(job.model) for job in jobs), default=0)
    ended = 0

    def show(outcome: Outcome, how: str = "finished before") -> None:
        nonlocal ended
        ended += 1
        job, result = outcome.job, outcome.result
        place = f"  {f'{ended}/{len(jobs)}':>7}  {job.model:<{width}}  seed {job.seed:<4}"
        if result is None:
            line = f"{place} failed: {outcome.error} (log: {job.log_path})"
        elif outcome.seconds:
            line = f"{place} mean AUC {result.mean_auc():.4f}  {outcome.seconds:7.1f} s"
        else:
            line = f"{place} mean AUC {result.mean_auc():.4f}  {how}"
        progress.print(line, markup=False, soft_wrap=True)
        progress.detail(f"{ended} have ended")
        if result is not None and records is not None and not records.find(job.fingerprint):
            records.add(Record((job.model, job.seed, job.settings[:12]), result))

    progress.work_on(f"{len(jobs)} trials")
    recorded = {}
    for index, job in enumerate(jobs):
        found = records.find(job.fingerprint) if records else None
        # One whose folder has it has its scores too.
        if found is not None and read_result(job.folder, job.fingerprint) is None:
            recorded[index] = Outcome(job, found.result, 0.0)
            show(recorded[index], "recorded")
    try:
        rest = [job for index, job in enumerate(jobs) if index not in recorded]
        outcomes = iter(run_jobs(rest, min(processes, len(jobs)), show))
    except KeyboardInterrupt:
        progress.print(
            f"stopped: {ended} of {len(jobs)} trials have ended; the same command goes on"
        )
        raise
    return [recorded.get(index) or next(outcomes) for index in range(len(jobs))]
