"""The hyper-parameters of AutoIFS."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic

from models.config import Fraction, ModelConfig, Units
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS

Rate = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, pydantic.Field(allow_inf_nan=False)]


def _for_every_flow(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return (value,) * len(FLOWS)
    if isinstance(value, (list, tuple)) and len(value) == len(FLOWS):
        return value
    raise ValueError(f"it is {value!r}; write one number, or {len(FLOWS)}, one a flow")


OneAFlow = Annotated[
    tuple[Finite, Finite, Finite, Finite], pydantic.BeforeValidator(_for_every_flow)
]
"""A number for each of `FLOWS`; one number stands for all."""


class AutoIFSConfig(ModelConfig):
    """Hyper-parameters of AutoIFS.

    The published code has bottom (1024, 512), one scenario layer of 256, no hidden task
    layer, selection (1024, 512), rank 2 and subtractive fusion, a random start of the
    selection, a lambda a task, and a gate rate of its own; smaller widths, more layers, the
    additive fusion, the zero start and one lambda for all labels are ours.

    Attributes:
      name: the registered name.
      bottom_units: widths of the layers below the flows, shared by all.
      scenario_units: widths of the scenario layers.
      task_units: widths of the task layers before the one that gives the logit.
      rank: r of every low-rank private part.
      fusion: `additive`: the logit is the sum of the flows that are kept, so that a removed
        one contributes exactly 0; `subtractive`: the published code's, the full logit less
        the flows that are removed. See `InformationFlows`.
      activation: between scenario and task layers: the paper's `relu`, or `linear`.
      selection_units: widths of the selection network's layers.
      selection_start: `zero`: every gate starts undecided at 1/2, and a flow is removed only
        where the search has learned to; `random`: Glorot heads, whose noise is for the removal
        of about half of the flows before anything is learned (the published code's heads are
        random too, PyTorch's linear layers).
      search_epochs: epochs of the search, of the training's `max_epochs`; the code's are 10.
      search_holdout: share of the train rows, picked by their values, that in the search
        train the selection network alone, which learns from no others: a flow that only
        fits the noise of the rows it was trained on then has nothing to show. Penalties are
        those of all rows. 0: one loss trains both on all rows (the published code's).
      final_temperature: of the gates in the last epoch of the search, from 1 in the first.
      rewind_epoch: epoch of the search, from 0, whose first weights retraining starts from;
        None for the last one.
      gate_learning_rate: of the selection network; None for the training's. The code's is a
        hundredth of the training's, 3e-6, with which Adam moves a score of its selection
        network by 0.01 in about a hundred steps: from 20, one gate pushed one way by all
        rows of MovieLens' 8 fields, to 160, eight gates pushed both ways with KuaiRand's 89.
        There the temperature decides the gates, in the last of ten epochs. None suits
        short searches: scores then leave 0 within the first batches.
      retrain_learning_rate: of the retraining; None for the training's.
      gate_penalty: lambda, times the mean gate of every label added to the loss of the
        search. Gates remove, so that a positive value discourages pruning and a negative
        one encourages it. Four values are one a flow, in the order of `FLOWS`: a specific
        flow can carry all that a shared one does, and nothing in the loss prefers either.
      fixed_flows: which flows there are, bool [K][C][4], instead of a search: no selection
        network, one phase of training. For ablations and masks that are known.
      export_gates: `dynamic`: every row has its own gates; `static`: a (scenario, label,
        flow) has one, kept or removed, where `static_agreement` of its validation rows agree,
        and stays dynamic elsewhere. What no scenario keeps is not in the exported graph; nor,
        where every gate is static, is the selection network.
      static_agreement: the smallest share of a scenario's validation rows that makes a gate
        static. At .5 the majority decides on every flow, whatever the others' scores lose.
    """

    name: str = "autoifs"
    bottom_units: Units = pydantic.Field((256, 128), min_length=1)
    scenario_units: Units = pydantic.Field((64,), min_length=1)
    task_units: Units = ()
    rank: pydantic.PositiveInt = 2
    fusion: Literal["additive", "subtractive"] = "additive"
    activation: Literal["relu", "linear"] = "relu"
    selection_units: Units = (128, 64)
    selection_start: Literal["zero", "random"] = "zero"
    search_epochs: pydantic.PositiveInt = 3
    search_holdout: Fraction = 0.0
    final_temperature: Annotated[float, pydantic.Field(ge=1, allow_inf_nan=False)] = 100.0
    rewind_epoch: pydantic.NonNegativeInt | None = None
    gate_learning_rate: Rate | None = None
    retrain_learning_rate: Rate | None = None
    gate_penalty: OneAFlow = (0.0, 0.0, 0.0, 0.0)
    fixed_flows: tuple[tuple[tuple[bool, ...], ...], ...] | None = None
    export_gates: Literal["dynamic", "static"] = "dynamic"
    static_agreement: Annotated[float, pydantic.Field(ge=0.5, le=1)] = 0.99

    @property
    def least_epochs(self) -> int:
        """The search's, and one to retrain."""
        return 1 if self.fixed_flows is not None else self.search_epochs + 1

    @pydantic.model_validator(mode="after")
    def _check_rewind(self) -> AutoIFSConfig:
        if self.rewind_epoch is not None and self.rewind_epoch >= self.search_epochs:
            raise ValueError(
                f"rewind_epoch is {self.rewind_epoch}, search_epochs {self.search_epochs}; "
                f"write a rewind_epoch from 0 to {self.search_epochs - 1}"
            )
        return self
