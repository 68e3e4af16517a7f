"""The hyper-parameters of AEM2TL."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from models.config import Fraction, ModelConfig, NonNegative, Units


class AEM2TLConfig(ModelConfig):
    """Hyper-parameters of AEM2TL; the paper states no sizes, no alpha and no rate of its weights.

    Several experts at each level, since a gate over one chooses nothing. GradNorm's weights move at
    most by their rate in a step: at 1e-3 by 1 in a thousand steps.

    Attributes:
      name: the registered name.
      shared_experts: K_sh, experts of the scenario level that all scenarios share.
      scenario_experts: K_sp, experts of the scenario level of a scenario's own.
      expert_units: widths of the scenario level's experts.
      task_shared_experts: m, experts of the task level that a scenario's branches share.
      task_experts: n, experts of the task level of a (scenario, branch).
      task_expert_units: widths of the task level's experts.
      tower_units: widths of a tower's hidden layers.
      gate_units: hidden width of a personalised gate.
      gate_input: what of the network a personalised gate reads besides the prior fields, its
        gradient stopped: the branch's `task` representation T or the `input` x.
      personal_gates: personalised gates a `task`, or a `scenario_task`. The prior fields
        tell scenarios apart where one of them is the scenario.
      entire_space: whether the branches are composed and supervised in the entire space;
        without it every label has one tower, supervised in the label's own space.
      unclicked: a `tower` for conversions without a click, which the losses of the entire
        space train, or `none`: the conversion's loss is on click and conversion together,
        and its total is composed as that of all other architectures (`UnclickedTowers`).
      losses: of a label with a branch without a click. `total_and_joint` (ours) has a loss on
        its total probability and one on that of click and conversion. `total` is the paper's,
        the first alone, which does not say how a conversion came: where conversions
        without a click occur, it leaves click and conversion far from calibrated. Where none
        occur, both losses have the same targets, and conversions count twice.
      unclicked_initial_rate: the probability that the tower without a click starts at; None
        for the rate of the train split's rows without a click.
      adaptive_weights: whether GradNorm weighs the losses.
      gradnorm_alpha: GradNorm's exponent; 0 for gradients of equal norm.
      gradnorm_rate: the learning rate of GradNorm's weights.
    """

    name: str = "aem2tl"
    shared_experts: pydantic.PositiveInt = 2
    scenario_experts: pydantic.PositiveInt = 2
    expert_units: Units = pydantic.Field((64, 32), min_length=1)
    task_shared_experts: pydantic.PositiveInt = 2
    task_experts: pydantic.PositiveInt = 1
    task_expert_units: Units = pydantic.Field((32,), min_length=1)
    tower_units: Units = (32,)
    gate_units: pydantic.PositiveInt = 16
    gate_input: Literal["task", "input"] = "task"
    personal_gates: Literal["task", "scenario_task"] = "task"
    entire_space: bool = True
    unclicked: Literal["tower", "none"] = "tower"
    losses: Literal["total_and_joint", "total"] = "total_and_joint"
    unclicked_initial_rate: Annotated[Fraction, pydantic.Field(gt=0)] | None = None
    adaptive_weights: bool = True
    gradnorm_alpha: NonNegative = 0.5
    gradnorm_rate: NonNegative = 1e-3
