"""The verdict: the eleven compared models, equally large, on worlds and on real logs.

    python -m benchmarks.proof.verdict TABLE [--budget-minutes 110] [--out work/proof]

Tables:
  main       all models on the default mix, ten worlds
  flows      AutoIFS's search against random masks of its size and all flows, five worlds
  donors     CSII where one scenario has another's tables, and where none has, five worlds
  unclicked  AEM2TL, published losses and ours, where conversions need no click, five worlds
  kuairand   all models with histories, five seeds; --data names the folder of its files
  movielens  the same on MovieLens-100K, which is downloaded
  targets    what was to be reached and whether it was, from finished trainings alone

A training that is recorded in benchmarks/proof/records, or finished in --out, is not run again, and
finished ones are recorded as they come (--records use reads them only, --records any whatever
code they were trained with, as tables of an earlier commit need it). With --budget-minutes none
is started that would not end in time; the same command goes on later. Worlds are done one after
the other by all models, and a table is of the worlds that all of its models have.

How long it takes, on two cores, two trainings at a time. An estimate: core seconds of a step as
`benchmarks.train_step --compared --rows 1024` measured them on a loaded machine, times the 2,110
steps of six epochs, and 40 s for the rest of a training. An idle machine needs a quarter less: so
much less than its steps predict took an earlier table of 30 trainings.

  training, core seconds: dnn 170, esmm 190, autoifs 190, shared_bottom 180, mmoe task 200,
    dnn a scenario 210, mmoe 230, ple task 230, ple 330, csii 460, aem2tl 610
  main       25 minutes a world   4.3 hours in all
  flows       6 minutes a world   0.5
  donors     11 minutes a world   1.0
  unclicked  18 minutes a world   1.5
  kuairand   11 minutes a seed    0.9, from the number of its steps
  movielens   9 minutes a seed    0.8, from the number of its steps

A world's rows take a minute more, once, and the transform graph of all worlds some minutes. All
together are 9.0 hours, idle 6.8. Four hours of an idle machine are enough for main on five
worlds, flows on five, donors and unclicked on three (--seeds), and two seeds of each real log.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse

from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from benchmarks.proof.verdict import targets
from benchmarks.proof.verdict.tables import TABLES

ROWS = 400_000
REAL_LOGS = ("kuairand", "movielens")
REAL_SEEDS = 5
NOTHING = "no world or seed has all of its trainings yet; the same command goes on"


def judged_of(name: str, given: argparse.Namespace) -> list[Judged]:
    """Trains what a table needs, as far as its worlds can be finished in time.

    Args:
      name: of `TABLES`.
      given: the options' values.

    Returns:
      The trainings of the worlds that have all of them; none where time was too short for one.
    """
    table = TABLES[name]
    seeds = claim_seeds(argparse.Namespace(seeds=given.seeds or table.seeds, skip=given.skip))

    def run(wanted: list[Wanted]) -> list[Judged]:
        try:
            return run_given(wanted, given, f"verdict_{name}")
        except SystemExit:
            return []

    return table.train(run, seeds)


def finished_of(name: str, given: argparse.Namespace) -> list[Judged]:
    """What a table has without any training; nothing where no world is whole."""
    return judged_of(name, argparse.Namespace(**{**vars(given), "budget_minutes": 0.0}))


def main() -> None:
    """Prints a table."""
    options = parser(__doc__)
    options.add_argument("table", choices=(*TABLES, *REAL_LOGS, "targets"))
    options.add_argument("--data", help="folder of a real log's files")
    given = add_options(options, rows=ROWS, seeds=0, records="add")
    if given.table in TABLES:
        judged = judged_of(given.table, given)
        print(TABLES[given.table].page(judged) if judged else NOTHING)
    elif given.table in REAL_LOGS:
        # TFX takes many seconds to import, and the worlds need none of it.
        from benchmarks.proof.verdict import real_logs, real_tables

        log = real_logs.RealLog(given.table, given.data, given.out)
        finished = real_logs.train(log, given.seeds or REAL_SEEDS, given)
        print(real_tables.page(finished) if finished else NOTHING)
    else:
        print(targets.page({name: finished_of(name, given) for name in TABLES}))


if __name__ == "__main__":
    main()
