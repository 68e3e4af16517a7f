"""The hyper-parameters of gradient rules."""

from __future__ import annotations

from typing import Literal

import pydantic

from models.config import ModelConfig, NonNegative


class GradientRuleConfig(ModelConfig):
    """Hyper-parameters of an architecture whose shared kernels may have a gradient rule.

    Attributes:
      gradient_rule: what is done where the gradients of parts of the loss conflict in the shared
        kernels. `gradnorm` weighs the losses of outputs, see `GradNorm`; `pcgrad` and
        `gram_schmidt` change the gradients, see `PCGrad` and `GramSchmidt`.
      gradient_parts: what a part of the loss is: an `output` that has a loss, or the rows of a
        `scenario`, all outputs together. Every part costs a backward pass through the network.
      gradnorm_alpha: GradNorm's exponent; 0 for gradients of equal norm.
      gradnorm_rate: the learning rate of GradNorm's weights.
    """

    gradient_rule: Literal["none", "gradnorm", "pcgrad", "gram_schmidt"] = "none"
    gradient_parts: Literal["output", "scenario"] = "output"
    gradnorm_alpha: NonNegative = 0.5
    gradnorm_rate: NonNegative = 0.01

    @pydantic.model_validator(mode="after")
    def _gradnorm_weighs_outputs(self) -> GradientRuleConfig:
        if self.gradient_rule == "gradnorm" and self.gradient_parts == "scenario":
            raise ValueError(
                "gradient_rule is 'gradnorm', which weighs the losses of outputs, and "
                "gradient_parts is 'scenario'; write gradient_parts: output, or choose "
                "pcgrad or gram_schmidt"
            )
        return self
