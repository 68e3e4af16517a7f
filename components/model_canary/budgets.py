"""Whether requests take longer than a budget, as far as the rounds prove it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from components.model_canary.config import CanaryConfig
from components.model_canary.median_interval import MedianInterval, median_interval

Milliseconds = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Rounds:
    """The times of requests, which the candidate and the live version answered in turn.

    Attributes:
      candidate: its milliseconds, [rounds, requests].
      live: the live version's, request by request next to the candidate's, [rounds, requests];
        None where there is none.
    """

    candidate: Milliseconds
    live: Milliseconds | None

    def ratios(self) -> Milliseconds:
        """Each round's median of candidate's over live version's milliseconds, [rounds].

        Of requests sent one after the other, so that a burst of load weighs on both or on few
        pairs; the ratio of two medians varies far more under load.
        """
        if self.live is None:
            raise ValueError("there is no live version")
        ratios: Milliseconds = np.exp(np.median(np.log(self.candidate / self.live), axis=1))
        return ratios

    def p99s(self) -> Milliseconds:
        """Each round's 99th percentile of the candidate, [rounds]."""
        p99s: Milliseconds = np.percentile(self.candidate, 99, axis=1)
        return p99s


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What rounds say of the budgets.

    Attributes:
      problems: an excess that is proved, one sentence each.
      warnings: one that is not.
      figures: the ratio and its interval, plain values.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    figures: dict[str, Any]

    @property
    def undecided(self) -> bool:
        """Whether more rounds may change it: something is above its budget, nothing for sure."""
        return bool(self.warnings) and not self.problems


def judge(rounds: Rounds, config: CanaryConfig) -> Verdict:
    """Compares the rounds with the budgets.

    A budget is exceeded where the lower end of the interval of the rounds' median is above it.
    """
    problems: list[str] = []
    warnings: list[str] = []
    figures: dict[str, Any] = {}
    count, requests = rounds.candidate.shape
    of = f"{count} rounds of {requests} requests of {config.batch_rows} rows"

    def hold(found: MedianInterval, limit: float | None, sentence: str) -> None:
        if limit is None or found.median <= limit:
            return
        if found.low > limit:
            problems.append(sentence)
        else:
            warnings.append(f"{sentence} The interval reaches below that, so it is no refusal.")

    p99 = median_interval(rounds.p99s(), config.latency_alpha)
    limit = config.latency_ms_at_most
    hold(
        p99,
        limit,
        f"The 99th percentile is {p99.median:.2f} ms ({p99.low:.2f} to {p99.high:.2f}; median of "
        f"{of}); canary.latency_ms_at_most is {limit}.",
    )
    if rounds.live is not None:
        ratio = median_interval(rounds.ratios(), config.latency_alpha)
        figures = {"ratio": ratio.median, "ratio_interval": [ratio.low, ratio.high]}
        limit = config.latency_ratio_at_most
        mine, theirs = np.median(rounds.candidate), np.median(rounds.live)
        hold(
            ratio,
            limit,
            f"Requests take {ratio.median:.2f} times the live version's ({ratio.low:.2f} to "
            f"{ratio.high:.2f}; median of {of}, {mine:.2f} and {theirs:.2f} ms); "
            f"canary.latency_ratio_at_most is {limit}.",
        )
    return Verdict(tuple(problems), tuple(warnings), figures)
