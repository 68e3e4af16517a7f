"""The biases that outputs start with."""

from __future__ import annotations

import math
from collections.abc import Mapping

from common.settings import SettingsError
from common.suggestions import nearest


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
