"""The hyper-parameters of CSII."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from models.config import Fraction, ModelConfig, Units


class CSIIConfig(ModelConfig):
    """Hyper-parameters of CSII; those without a mark are our choice.

    Attributes:
      name: the registered name.
      transform: form of the learned transform of a field from scenario to scenario.
      rank: r of `low_rank`.
      distance: what a score is made of; the paper's is `euclidean`, and it names `cosine`.
      reference: how a transformed field is compared with the field before: as they are (`self`),
        or each as a place among the rows of its scenario (`prototype`).
      momentum: of the moments of a scenario's rows, for `prototype`.
      kept_share: share of the fields that a row takes to another scenario, the best
        first; 1 for all.
      experts_per_scenario: experts that a scenario dominates; the paper's is 1. More are
        mixed by a gate of the scenario.
      shared_experts: the paper's is 1. More are mixed by a gate.
      experts: what is private to the experts of a scenario: all kernels (`full`, the paper's), or
        a deviation of a low rank from kernels that all scenarios have in common (`low_rank`).
        `deviation_l2` holds back what is private; with it `full` experts begin alike.
      expert_rank: of the deviations of `low_rank`.
      expert_units: widths of an expert's layers; the last is h.
      intra_tokens: what attends inside a scenario: `heads`, the parts of the expert's
        output, or `fields`, the scaled fields. The cost of `fields` is quadratic in the fields.
      intra_heads: parts of an expert's output; divides h.
      intra_weights: one intra-scenario attention, `shared`, or one a `scenario`.
      inter_tokens: what a row attends to in the other scenarios: one vector of each
        (`scenarios`), or the parts of all of them, concatenated (`heads`, `intra_heads` each).
      alpha: whether the weight of what is taken is one a `scenario` (the paper's alpha_s)
        or depends on the `instance` too.
      tower_units: widths of a tower's hidden layers.
      towers: one tower a `task` (the paper's), or one a `scenario_task`.
      loss_space: `entire` has losses on the joint outputs, click and click_and_order
        (the paper's CTR and CTCVR); `conditional` on click and order_given_click.
      stop_cross_gradient: whether an expert learns from rows of its own scenario only.
    """

    name: str = "csii"
    transform: Literal["diagonal", "low_rank"] = "diagonal"
    rank: pydantic.PositiveInt = 2
    distance: Literal["euclidean", "cosine"] = "euclidean"
    reference: Literal["self", "prototype"] = "self"
    momentum: Fraction = 0.99
    kept_share: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0
    experts_per_scenario: pydantic.PositiveInt = 1
    shared_experts: pydantic.PositiveInt = 1
    experts: Literal["full", "low_rank"] = "full"
    expert_rank: pydantic.PositiveInt = 8
    expert_units: Units = pydantic.Field((128, 64), min_length=1)
    intra_tokens: Literal["heads", "fields"] = "heads"
    intra_heads: pydantic.PositiveInt = 4
    intra_weights: Literal["shared", "scenario"] = "shared"
    inter_tokens: Literal["scenarios", "heads"] = "scenarios"
    alpha: Literal["scenario", "instance"] = "scenario"
    tower_units: Units = (32,)
    towers: Literal["task", "scenario_task"] = "task"
    loss_space: Literal["entire", "conditional"] = "entire"
    stop_cross_gradient: bool = True

    @pydantic.model_validator(mode="after")
    def _heads_divide_the_output(self) -> CSIIConfig:
        width = self.expert_units[-1]
        if "heads" in (self.intra_tokens, self.inter_tokens) and width % self.intra_heads:
            raise ValueError(
                f"intra_heads is {self.intra_heads}, which does not divide the last of "
                f"expert_units, {width}"
            )
        return self
