"""The hyper-parameters of CausalInt."""

from __future__ import annotations

from typing import Literal

import pydantic

from models.config import ModelConfig, NonNegative, Units

Normalisation = Literal["layer", "batch", "none"]
"""See `CausalIntConfig.normalisation`."""


class CausalIntConfig(ModelConfig):
    """Hyper-parameters of CausalInt.

    The paper's own values were not available to us. A public implementation has encoders of
    (256, 128, 64), weights of 1, and for the inner step the optimizer's rate, 1e-3, divided by
    the rows of the batch. Smaller encoders (ours) are meant for logs of some hundred thousand
    rows.

    Attributes:
      name: the registered name.
      encoder_units: widths of both encoders' layers; the last is h.
      normalisation: of every layer of the encoders: over a row's units (`layer`, ours), over the
        batch (`batch`, the public implementation's) or not at all. A `batch`'s moments mix rows
        in the forward pass only: gradients of rows are taken with the moving moments.
      invariant_without: columns that the invariant encoder does not read, say, the scenario's id.
      transfer_width: w; TransNet's matrix is w x w.
      tower_units: widths of the hidden layers of a tower of TransNet; the paper's is linear.
      inner_rate: of the step that the invariant representation takes in training, the same for
        all rows whatever their weights; 0 for no step. A step shows the label to what follows,
        which does not have it when it scores, so it must be small.
      inner_order: `second` differentiates through the step's gradient, `first` holds it constant.
      stop_cross_gradient: whether a generator learns from rows of its own scenario only.
      invariant_weight: of L1, the labels from the invariant representation.
      scenario_weight: of L2, the scenario from the scenario representation.
      combined_weight: of L3, the labels from both representations.
      orthogonality_weight: of L_orth, between what L1 and L2 are sensitive to.
      conflict_weight: of L_orth_all, between the gradients of scenarios.
      conflict_directions: whether the directions that a scenario's gradient should not have are
        `constant`, so that it alone is moved (ours: a scenario with few rows has a short gradient
        of which the direction changes at once), or `learned` too, as the formula has it.
    """

    name: str = "causalint"
    encoder_units: Units = pydantic.Field((128, 64), min_length=1)
    normalisation: Normalisation = "layer"
    invariant_without: tuple[str, ...] = ()
    transfer_width: pydantic.PositiveInt = 16
    tower_units: Units = ()
    inner_rate: NonNegative = 1e-3
    inner_order: Literal["first", "second"] = "second"
    stop_cross_gradient: bool = True
    invariant_weight: NonNegative = 1.0
    scenario_weight: NonNegative = 1.0
    combined_weight: NonNegative = 1.0
    orthogonality_weight: NonNegative = 1.0
    conflict_weight: NonNegative = 1.0
    conflict_directions: Literal["constant", "learned"] = "constant"
