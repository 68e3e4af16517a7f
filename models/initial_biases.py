"""The biases that outputs start with, and the base rates that they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from common.settings import SettingsError
from common.suggestions import nearest
from models.losses.unclicked import unclicked_branches
from schemas.task_graph import TaskGraph

RARE = 1e-3
"""Where a label without its parents starts that the log never has without them."""


def starting_rates(tasks: TaskGraph, rate_of: Callable[[str], float]) -> dict[str, float]:
    """Returns the rates inside (0, 1), those with a logit, that logits start from.

    They are of the conditional outputs, and of the labels without their parents
    (`unclicked_branches`): what their totals have over their joints, where parents do not hold.

    Args:
      tasks: the outputs.
      rate_of: an output's mean target over its own space; NaN where that is empty.
    """
    outputs = [tasks.conditional(label.name).name for label in tasks.labels]
    rates = {output: rate_of(output) for output in outputs}
    for branch in unclicked_branches(tasks):
        joint, total = tasks.joint(branch.label), tasks.total(branch.label)
        outside = 1 - rate_of(tasks.joint(joint.target[-2]).name)
        rate = (rate_of(total.name) - rate_of(joint.name)) / outside if outside else 0.0
        rates[branch.name] = rate if 0 < rate < 1 else RARE
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
