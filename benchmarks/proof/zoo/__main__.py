"""All models of the zoo, equally large and in one budget, on worlds and on real logs.

    python -m benchmarks.proof.zoo worlds|kuairand|movielens [--budget-minutes 110]

Tables:
  worlds     the default mix, equal shares and harmful sharing, 200,000 rows each; all models on
             one seed, and TAML, CausalInt, DFFM, HiNet and both MMoEs on three
  kuairand   with histories, three seeds; --data names the folder of its files
  movielens  the same on MovieLens-100K, which is downloaded

A training that is recorded in benchmarks/proof/records, or finished in --out, is not run again,
and finished ones are recorded as they come. With --budget-minutes none is started that would
not end in time; the same command goes on later.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.trainings.trials import run_given
from benchmarks.proof.zoo import tables

REAL_LOGS = ("kuairand", "movielens")
NOTHING = "no seed has all of its trainings yet; the same command goes on"


def main() -> None:
    """Prints a table."""
    options = parser(__doc__)
    options.add_argument("table", choices=("worlds", *REAL_LOGS))
    options.add_argument("--data", help="folder of a real log's files")
    given = add_options(options, seeds=3, records="add")
    labels = given.models or tables.LABELS
    if given.table == "worlds":
        wanted = tables.wanted(labels, claim_seeds(given))
        print(tables.page(run_given(wanted, given, "zoo_worlds")))
        return
    # TFX takes many seconds to import, and the worlds need none of it.
    from benchmarks.proof.verdict import real_logs, real_tables

    log = real_logs.RealLog(given.table, given.data, given.out, labels)
    finished = real_logs.train(log, given.seeds, given)
    print(real_tables.page(finished) if finished else NOTHING)


if __name__ == "__main__":
    main()
