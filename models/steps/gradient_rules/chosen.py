"""The gradient rule that a config chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from models.steps.gradient_rules.config import GradientRuleConfig
from models.steps.gradient_rules.gradnorm import GradNorm
from models.steps.gradient_rules.gram_schmidt import GramSchmidt
from models.steps.gradient_rules.pcgrad import PCGrad
from models.steps.gradient_rules.rule import GradientRule


def chosen_rule(
    config: GradientRuleConfig,
    outputs: Sequence[str],
    scenarios: Sequence[str],
    kernels: Callable[[], Sequence[tf.Variable]],
) -> GradientRule | None:
    """Makes the rule that a config chooses; None for `none`.

    Args:
      config: the choice.
      outputs: those that a prediction learns.
      scenarios: their names, in the order of their ids.
      kernels: returns the kernels that all outputs and scenarios share, the last one last.
        GradNorm reads the last alone.
    """
    if config.gradient_rule == "none":
        return None
    if config.gradient_rule == "gradnorm":
        alpha, rate = config.gradnorm_alpha, config.gradnorm_rate
        return GradNorm(outputs, lambda: kernels()[-1], alpha, rate)
    parts = outputs if config.gradient_parts == "output" else scenarios
    surgery = {"pcgrad": PCGrad, "gram_schmidt": GramSchmidt}[config.gradient_rule]
    return surgery(parts, kernels, config.gradient_parts)
