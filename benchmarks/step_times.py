"""How long training steps take: models in turns, so that other load hits all alike."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping

import tensorflow as tf

from benchmarks.proof.models.sizes import network_parameters
from models.ranker import Ranker


@dataclasses.dataclass(frozen=True)
class Timed:
    """A model's step.

    Attributes:
      step: trains on a batch.
      data: its batches.
      parameters: of the network, without tables.
    """

    step: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]
    data: list[dict[str, tf.Tensor]]
    parameters: int


def timed(ranker: Ranker, data: list[dict[str, tf.Tensor]]) -> Timed:
    """Traces a model's step."""
    step = tf.function(ranker.train_step)
    step(data[0])
    return Timed(step, data, network_parameters(ranker))


def measure(steps: Mapping[str, Timed], repeats: int) -> dict[str, tuple[float, float]]:
    """Times the models' steps in turns.

    Returns:
      A model's median seconds of a step: on the clock, and of all cores.
    """
    clock: dict[str, list[float]] = {title: [] for title in steps}
    cores: dict[str, list[float]] = {title: [] for title in steps}
    for repeat in range(repeats):
        for title, model in steps.items():
            wall, used = time.perf_counter(), time.process_time()
            model.step(model.data[repeat % len(model.data)])["loss"].numpy()
            cores[title].append(time.process_time() - used)
            clock[title].append(time.perf_counter() - wall)
    return {x: (statistics.median(clock[x]), statistics.median(cores[x])) for x in steps}
