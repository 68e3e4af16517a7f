"""How often the 95 % intervals of the gate's numbers hold the truth, on logs whose users differ.

    python -m benchmarks.interval_coverage [--logs 2000]

A user clicks more or less than their features say, and each model misjudges them in its own way,
so that a user's rows are alike. How many they have is skewed: 5 in the median, 9 in the mean, 100
of some. Rows have weights. Every interval is computed with the users as clusters, as the gate
does, and with the rows as independent. The truth is that of a million users with a row each.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics.names import JUDGED
from models.metrics.paired import auc_difference, log_loss_difference
from models.metrics.quality import Quality, quality
from models.metrics.value_intervals import value_interval

Array = npt.NDArray[np.float64]
Coverage = dict[str, float]

USERS = (300, 1500)
LOGITS = (-5.2, -3.3, -1.5)
"""Of a click, before features and the user: 1.4, 7 and 23 % of the rows."""

_DIFFERENCES = ("auc difference", "logloss difference")


class Log(NamedTuple):
    """Rows, [N] each, and the scores of two models."""

    target: Array
    scores: tuple[Array, Array]
    weight: Array
    user: npt.NDArray[np.int64]


def simulated_log(random: np.random.Generator, rows: npt.NDArray[np.int64], logit: float) -> Log:
    """Draws a log.

    Args:
      random: the generator.
      rows: number of rows of every user.
      logit: of a click.
    """
    user = np.repeat(np.arange(len(rows)), rows)
    count = len(user)
    clicks_more = random.normal(0, 1, len(rows))[user]
    feature = random.normal(0, 1, count)
    target = (random.random(count) < _sigmoid(logit + feature + clicks_more)).astype(np.float64)

    def score(of_feature: float, of_user: float) -> Array:
        misjudged = random.normal(0, 0.7, len(rows))[user] + random.normal(0, 0.3, count)
        known = of_feature * feature + of_user * clicks_more
        return _sigmoid(logit + 0.2 + known + misjudged)

    scores = (score(0.8, 0.4), score(0.6, 0.3))
    return Log(target, scores, random.choice([0.5, 1.0, 2.0], count), user)


def skewed_rows(random: np.random.Generator, users: int, logarithm: float) -> npt.NDArray[np.int64]:
    """Numbers of rows of users: log-normal, of this mean logarithm with a deviation of 1."""
    return 1 + np.floor(random.lognormal(logarithm, 1.0, users)).astype(np.int64)


def truths(logit: float, users: int = 1_000_000) -> Coverage:
    """The numbers of so many users with a row each."""
    log = simulated_log(np.random.default_rng(0), np.ones(users, np.int64), logit)
    first, second = (quality(log.target, score, log.weight) for score in log.scores)
    found = {metric: float(getattr(first, metric)) for metric in JUDGED}
    gains = (first.auc - second.auc, first.logloss - second.logloss)
    return found | dict(zip(_DIFFERENCES, gains, strict=True))


def intervals(log: Log, user: npt.NDArray[np.int64] | None) -> dict[str, tuple[float, float]]:
    """Every number's interval, with these users or none."""
    numbers: Quality = quality(log.target, log.scores[0], log.weight, user)
    found = {metric: value_interval(numbers, metric) for metric in JUDGED}
    for name, difference in zip(_DIFFERENCES, (auc_difference, log_loss_difference), strict=True):
        found[name] = difference(log.target, *log.scores, log.weight, user).interval()
    return found


def coverage(
    users: int,
    logit: float,
    logs: int,
    truth: Coverage,
    *,
    seed: int = 1,
    row_logarithm: float = 1.6,
) -> tuple[Coverage, Coverage, float]:
    """The shares of intervals that hold the truth.

    Args:
      users: of each log.
      logit: of a click.
      logs: how many to simulate.
      truth: `truths(logit)`.
      seed: of the logs.
      row_logarithm: the mean logarithm of a user's number of rows.

    Returns:
      The shares with users as clusters, those with rows as independent, and the mean number of
      positives.
    """
    random = np.random.default_rng(seed)
    held = np.zeros((2, len(truth)))
    positives = 0.0
    for _ in range(logs):
        log = simulated_log(random, skewed_rows(random, users, row_logarithm), logit)
        positives += log.target.sum()
        for kind, user in enumerate((log.user, None)):
            found = intervals(log, user)
            held[kind] += [found[name][0] <= truth[name] <= found[name][1] for name in truth]
    clustered, independent = (
        {name: float(share) for name, share in zip(truth, of_kind / logs, strict=True)}
        for of_kind in held
    )
    return clustered, independent, positives / logs


def _sigmoid(logit: Array) -> Array:
    return 1 / (1 + np.exp(-logit))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--logs", type=int, default=2000, help="simulated for each line")
    logs = parser.parse_args().logs
    names = (*JUDGED, *_DIFFERENCES)
    print(f"{logs} logs a line; share of 95 % intervals that hold the truth: by user / by row")
    print(f"{'users':>5} {'positives':>9}  " + "  ".join(f"{name:>18}" for name in names))
    for logit in LOGITS:
        truth = truths(logit)
        for users in USERS:
            started = time.perf_counter()
            clustered, independent, positives = coverage(users, logit, logs, truth)
            cells = (f"{clustered[name]:.3f} / {independent[name]:.3f}" for name in names)
            taken = time.perf_counter() - started
            print(
                f"{users:>5} {positives:>9.0f}  "
                + "  ".join(f"{cell:>18}" for cell in cells)
                + f"  ({taken:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
