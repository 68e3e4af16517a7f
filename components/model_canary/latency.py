"""How long requests take, of the candidate and of the live version in turn, round by round."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from common.names import PREDICT
from components.model_canary.budgets import Rounds, Verdict, judge
from components.model_canary.config import CanaryConfig
from serving.client import Client
from serving.errors import ServingError

_UNTIMED = 10


class Stopwatch:
    """Times `predict` requests, one model after the other for each of them."""

    def __init__(
        self, clients: Sequence[Client], columns: Mapping[str, np.ndarray], config: CanaryConfig
    ):
        """Warms the models up by requests that are not timed.

        Args:
          clients: of the models' servers.
          columns: the recorded rows as inputs of `predict`, each [N]; a request repeats some
            where there are fewer than its size. Each model is sent the inputs that it has.
          config: number and size of the requests.

        Raises:
          ServingError: a server refuses a request.
        """
        self._clients = clients
        self._columns = columns
        self._config = config
        self._rows = len(next(iter(columns.values())))
        self._inputs = [client.metadata()[PREDICT].inputs for client in clients]
        self._sent = 0
        self._rounds: list[npt.NDArray[np.float64]] = []
        self._requests(_UNTIMED)

    def measure(self, rounds: int) -> Rounds:
        """Measures so many more rounds, and returns all; the first model is the candidate.

        Raises:
          ServingError: a server refuses a request.
        """
        for _ in range(rounds):
            self._rounds.append(self._requests(self._config.latency_requests))
        times = np.stack(self._rounds, axis=1)
        return Rounds(times[0], times[1] if len(times) > 1 else None)

    def _requests(self, count: int) -> npt.NDArray[np.float64]:
        """The milliseconds of `count` requests to each model, [models, count].

        Taking turns, models meet the same load of the machine; who is first changes with every
        request.
        """
        times = np.zeros((len(self._clients), count))
        size = self._config.batch_rows
        for request in range(count):
            chosen = (np.arange(size) + self._sent * size) % self._rows
            models = range(len(self._clients))
            for model in models if self._sent % 2 else reversed(models):
                values = {name: self._columns[name][chosen] for name in self._inputs[model]}
                began = time.perf_counter()
                self._clients[model].predict_tensors(values, PREDICT)
                times[model, request] = (time.perf_counter() - began) * 1000
            self._sent += 1
        return times


def compare_latency(
    candidate: Client,
    live: Client | ServingError | None,
    columns: Mapping[str, np.ndarray],
    config: CanaryConfig,
) -> tuple[dict[str, Any], list[str]]:
    """Times the candidate's requests, and the live version's where it can answer them.

    A live version that can't (the contract may have changed) is reported and no reason to refuse.

    Args:
      candidate: of the candidate's server.
      live: of the live version's; why it can't be served; or None where there is none.
      columns: see `Stopwatch`.
      config: number and size of the requests, and the budgets.

    Returns:
      The times as plain values, and which budgets they break.

    Raises:
      ServingError: the candidate's server refuses a request.
    """
    refusal = _refusal(live, columns) if isinstance(live, Client) else live
    measured: tuple[Rounds, Verdict] | None = None
    if isinstance(live, Client) and refusal is None:
        try:
            measured = _decide(Stopwatch([candidate, live], columns, config), config)
        except ServingError as error:
            # Whose it is shows below: the candidate's comes again.
            refusal = error
    rounds, verdict = measured or _decide(Stopwatch([candidate], columns, config), config)
    found: dict[str, Any] = {
        "rounds": len(rounds.candidate),
        "requests": config.latency_requests,
        "rows": config.batch_rows,
        "candidate": _summary(rounds.candidate),
        "live": {} if rounds.live is None else _summary(rounds.live),
        **verdict.figures,
        "warnings": list(verdict.warnings),
    }
    if refusal is not None:
        found["live"]["not_timed"] = str(refusal)
    return found, list(verdict.problems)


def _decide(stopwatch: Stopwatch, config: CanaryConfig) -> tuple[Rounds, Verdict]:
    """Measures until the budgets are kept, or an excess is proved, or all rounds are spent."""
    for more in config.latency_looks:
        rounds = stopwatch.measure(more)
        verdict = judge(rounds, config)
        if not verdict.undecided:
            break
    return rounds, verdict


def _summary(milliseconds: npt.NDArray[np.float64]) -> dict[str, float]:
    p50, p99 = (float(x) for x in np.percentile(milliseconds, [50, 99]))
    return {"milliseconds_p50": p50, "milliseconds_p99": p99}


def _refusal(live: Client, columns: Mapping[str, np.ndarray]) -> ServingError | None:
    """Why the live version can't answer requests of today's columns; None where it can."""
    try:
        spec = live.metadata().get(PREDICT)
        if spec is None:
            return ServingError(f"it has no signature {PREDICT}")
        unknown = sorted(set(spec.inputs) - set(columns))
        if unknown:
            return ServingError(f"it wants {', '.join(unknown)}, which no request has any more")
        live.predict_tensors({name: columns[name][:1] for name in spec.inputs}, PREDICT)
    except ServingError as error:
        return error
    return None
