"""Trials on worlds: run once, some at a time, and judged by the true probabilities."""

from __future__ import annotations

import argparse
import pathlib
import time
from collections.abc import Iterator, Sequence

from benchmarks.proof.trainings.budget import Budget
from benchmarks.proof.trainings.judged import Judged, Wanted
from benchmarks.proof.trainings.records import RECORDS, ProofRecords
from benchmarks.proof.trainings.training import Training, Worlds
from cli.compare.workers import Job, Outcome, cores, run_unfinished

__all__ = ["Judged", "Wanted", "run_all", "run_given", "whole_worlds"]


def run_all(
    wanted: Sequence[Wanted],
    folder: pathlib.Path,
    rows: int,
    processes: int | None = None,
    code: str | None = None,
    *,
    claim: str | None = None,
    records: pathlib.Path | None = RECORDS,
    budget_minutes: float | None = None,
    any_code: bool = False,
) -> list[Judged]:
    """Trains what is wanted and neither recorded nor in `folder`; prints a line for each.

    The trainings of a world and seed come one after the other, in the order given, and the worlds
    in the order in which they are first named: where time ends early, the worlds before have been
    done by all models. Rows of a world are made when its first training needs them.

    Args:
      wanted: the trainings.
      folder: keeps rows and results for the next call.
      rows: impressions of a log before its eval day.
      processes: trainings at a time; None for one a core.
      code: a name that stands for the models' code in fingerprints, so that results of other code
        still count; nothing is recorded then. None for the digest of a model's code.
      claim: the records' file that finished trainings are added to; None records nothing.
      records: the folder of records; a training that is in any file of it is not trained. None
        neither reads nor records.
      budget_minutes: no training is started that would not end in time (`Budget`).
      any_code: train nothing, and take what the claim's file has by name, whatever settings and
        code it was trained with.

    Returns:
      The finished trainings, in the order of `wanted`. With a budget some may not be there:
      `whole_worlds` keeps the worlds that have all of them.

    Raises:
      RuntimeError: a training failed; the others went on, and are recorded.
    """
    processes = processes or cores()
    known = ProofRecords(records, claim if code is None else None)
    budget = Budget(budget_minutes, lambda label: known.seconds_of(label, rows))
    worlds = Worlds(folder, rows, code, known)
    blocks = list(dict.fromkeys(one.block for one in wanted))
    ordered = sorted(wanted, key=lambda one: blocks.index(one.block))
    found: dict[int, Judged] = {}
    started: dict[int, Training] = {}
    failed: list[Outcome] = []
    recorded = 0

    def say(text: str) -> None:
        ended = {*found, *(id(started[id(one.job)].wanted) for one in failed)}
        left = budget.left((x.label for x in ordered if id(x) not in ended), processes)
        print(f"{len(ended)}/{len(wanted)} {text}  {left}", flush=True)

    def end(training: Training, judged: Judged, how: str) -> None:
        found[id(training.wanted)] = judged
        say(f"{training.name} {how}  monitor {judged.result.monitor:.4f}")

    def waiting() -> Iterator[Job]:
        nonlocal recorded
        for one in ordered:
            training = worlds.training(one)
            judged = known.named(one, rows) if any_code else training.recorded()
            if judged is not None:
                recorded += 1
                end(training, judged, "recorded")
                continue
            if any_code:
                continue
            in_time = budget.has_time_for(one.label)
            if in_time and not worlds.has_rows(one):
                print(f"{one.world}, seed {one.seed}: making its rows", flush=True)
            # To make a world's rows takes time too, and none of its trainings is finished yet.
            judged = training.finished() if in_time or worlds.has_rows(one) else None
            if judged is not None:
                end(training, judged, "finished before")
                continue
            if not in_time:
                # Another world's trainings would be of no use while this one's are not there.
                return
            job = training.job()
            started[id(job)] = training
            print(f"{training.name} starts", flush=True)
            yield job

    def report(outcome: Outcome) -> None:
        training = started[id(outcome.job)]
        budget.took(training.wanted.label, outcome.seconds)
        if outcome.result is None:
            failed.append(outcome)
            say(f"{training.name} failed: {outcome.error}")
            return
        end(training, training.judged(outcome.result), f"{outcome.seconds:.0f} s")

    run_unfinished(waiting(), processes, report)
    if recorded:
        print(f"{recorded} of {len(wanted)} trainings are from {records}", flush=True)
    if failed:
        raise RuntimeError(f"{len(failed)} trainings failed, see {failed[0].job.log_path}")
    if any_code:
        print(f"{len(wanted) - len(found)} of {len(wanted)} trainings are not recorded", flush=True)
    elif len(found) < len(wanted):
        left = [one for one in ordered if id(one) not in found]
        print(
            f"out of time: {len(left)} of {len(wanted)} trainings were not started, the first "
            f"{left[0].world}, seed {left[0].seed}, {left[0].label}",
            flush=True,
        )
    return [found[id(one)] for one in wanted if id(one) in found]


def run_given(wanted: Sequence[Wanted], given: argparse.Namespace, claim: str) -> list[Judged]:
    """Calls `run_all` with the options of `options.add_options`; returns whole worlds only.

    A claim may call it several times: the minutes of `--budget-minutes` are those of all calls.

    Args:
      wanted: the trainings.
      given: the options' values.
      claim: names the file that `--records add` adds to.

    Raises:
      SystemExit: the time was too short for the first world.
    """
    minutes = given.budget_minutes
    if minutes is not None:
        minutes -= (time.monotonic() - given.started) / 60
    judged = run_all(
        wanted,
        given.out,
        given.rows,
        given.jobs,
        given.code,
        claim=claim if given.records in ("add", "any") else None,
        records=None if given.records == "ignore" else RECORDS,
        budget_minutes=minutes,
        any_code=given.records == "any",
    )
    whole = whole_worlds(judged, wanted)
    if wanted and not whole:
        raise SystemExit("no world has all of its trainings yet; the same command goes on")
    return whole


def whole_worlds(judged: Sequence[Judged], wanted: Sequence[Wanted]) -> list[Judged]:
    """Keeps the worlds and seeds of which all that is wanted is there, and says which are not."""
    there = {id(one.wanted) for one in judged}
    partial = list(dict.fromkeys(one.block for one in wanted if id(one) not in there))
    if partial:
        names = "; ".join(f"{world}, seed {seed}" for world, seed in partial)
        print(f"left out, since not all models have been trained there: {names}", flush=True)
    return [one for one in judged if one.wanted.block not in partial]
