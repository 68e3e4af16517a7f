"""The biases that outputs start with, and the base rates that they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from common.settings import SettingsError
from common.suggestions import nearest
from schemas.task_graph import TaskGraph


def conditional_base_rates(tasks: TaskGraph, rate_of: Callable[[str], float]) -> dict[str, float]:
    """Returns the rates inside (0, 1) of the conditional outputs: those with a logit.

    Args:
      tasks: the outputs.
      rate_of: an output's mean target over its own space; NaN where that is empty.
    """
    outputs = [tasks.conditional(label.name).name for label in tasks.labels]
    rates = {output: rate_of(output) for output in outputs}
    # A comparison with NaN is false.
    return {output: rate for output, rate in rates.items() if 0 < rate < 1}


def initial_biases(outputs: tuple[str, ...], base_rates: Mapping[str, float]) -> list[float]:
    """Returns the logit of every output's base rate; 0 for an output without one.

    Raises:
      SettingsError: a base rate is of another output, or not inside (0, 1).
    """
    check_outputs("base_rates", base_rates, outputs)
    for name, rate in base_rates.items():
        if not 0 < rate < 1:
            raise SettingsError(f"base_rates: '{name}' is {rate}; write a rate inside (0, 1)")
    rates = [base_rates.get(output, 0.5) for output in outputs]
    return [math.log(rate / (1 - rate)) for rate in rates]


def check_outputs(where: str, given: Mapping[str, float], known: tuple[str, ...]) -> None:
    """Refuses values of outputs that are not there.

    Args:
      where: the setting, for the message.
      given: output -> value.
      known: the outputs that may have one.

    Raises:
      SettingsError: of another output; it names the nearest one.
    """
    for name in given:
        if name not in known:
            raise SettingsError(f"{where}: '{name}' is no such output; {nearest(name, known)}")
