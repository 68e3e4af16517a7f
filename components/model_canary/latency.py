"""How long requests take, of the candidate and of the live version in turn."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.names import PREDICT
from components.model_canary.config import CanaryConfig
from serving.client import Client
from serving.errors import ServingError

_UNTIMED = 10


@dataclasses.dataclass(frozen=True)
class Latency:
    """The times of one model's requests.

    Attributes:
      p50: their median, in milliseconds.
      p99: their 99th percentile.
    """

    p50: float
    p99: float

    @classmethod
    def of(cls, milliseconds: np.ndarray) -> Latency:
        """Summarises the times of requests, [R]."""
        return cls(*(float(x) for x in np.percentile(milliseconds, [50, 99])))

    def as_json(self) -> dict[str, Any]:
        """Returns plain values."""
        return {"milliseconds_p50": self.p50, "milliseconds_p99": self.p99}


def measure(
    clients: Sequence[Client], columns: Mapping[str, np.ndarray], config: CanaryConfig
) -> list[Latency]:
    """Times `predict` requests, one model after the other for each of them.

    Taking turns, models meet the same load of the machine; who is first changes with every
    request.

    Args:
      clients: of the models' servers.
      columns: the recorded rows as inputs of `predict`, each [N]; a request repeats some where
        there are fewer than its size. Each model is sent the inputs that it has.
      config: number and size of the requests.

    Raises:
      ServingError: a server refuses a request.
    """
    rows = len(next(iter(columns.values())))
    inputs = [client.metadata()[PREDICT].inputs for client in clients]
    times = np.zeros((len(clients), config.latency_requests))
    for request in range(-_UNTIMED, config.latency_requests):
        chosen = (np.arange(config.batch_rows) + request * config.batch_rows) % rows
        order = range(len(clients)) if request % 2 else reversed(range(len(clients)))
        for model in order:
            values = {name: columns[name][chosen] for name in inputs[model]}
            began = time.perf_counter()
            clients[model].predict_tensors(values, PREDICT)
            if request >= 0:
                times[model, request] = (time.perf_counter() - began) * 1000
    return [Latency.of(of_model) for of_model in times]


def latency_problems(candidate: Latency, live: Latency | None, config: CanaryConfig) -> list[str]:
    """Says which budgets the candidate's requests break.

    Args:
      candidate: its times.
      live: the live version's, or None where there is none.
      config: the budgets.
    """
    problems = []
    of = f"of {config.latency_requests} requests of {config.batch_rows} rows"
    limit = config.latency_ms_at_most
    if limit is not None and candidate.p99 > limit:
        problems.append(
            f"The 99th percentile {of} is {candidate.p99:.2f} ms; "
            f"canary.latency_ms_at_most is {limit:g}."
        )
    ratio = config.latency_ratio_at_most
    if live is not None and ratio is not None and candidate.p50 > ratio * live.p50:
        problems.append(
            f"The median {of} is {candidate.p50:.2f} ms, {candidate.p50 / live.p50:.2f} times the "
            f"live version's {live.p50:.2f} ms; canary.latency_ratio_at_most is {ratio:g}."
        )
    return problems


def measure_beside(
    candidate: Client,
    live: Client | ServingError | None,
    columns: Mapping[str, np.ndarray],
    config: CanaryConfig,
) -> tuple[dict[str, Any], list[str]]:
    """Times the candidate's requests, and the live version's where it can answer them.

    A live version that can't (the contract may have changed) is told and no reason to refuse.

    Args:
      candidate: of the candidate's server.
      live: of the live version's; why it can't be served; or None where there is none.
      columns: see `measure`.
      config: number and size of the requests, and the budgets.

    Returns:
      The times as plain values, and which budgets they break.

    Raises:
      ServingError: the candidate's server refuses a request.
    """
    refusal = _refusal(live, columns) if isinstance(live, Client) else live
    theirs: list[Latency] = []
    if isinstance(live, Client) and refusal is None:
        try:
            mine, *theirs = measure([candidate, live], columns, config)
        except ServingError as error:
            # Whose it is shows below: the candidate's comes again.
            refusal = error
    if not theirs:
        (mine,) = measure([candidate], columns, config)
    found: dict[str, Any] = {
        "requests": config.latency_requests,
        "rows": config.batch_rows,
        "candidate": mine.as_json(),
        "live": theirs[0].as_json() if theirs else {},
    }
    if theirs:
        found["ratio"] = mine.p50 / theirs[0].p50
    if refusal is not None:
        found["live"]["not_timed"] = str(refusal)
    return found, latency_problems(mine, theirs[0] if theirs else None, config)


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
