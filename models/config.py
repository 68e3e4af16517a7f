"""Hyper-parameters that every architecture has, and those of its training."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from common.settings import Settings

Units = tuple[pydantic.PositiveInt, ...]
"""Widths of consecutive dense layers; empty for none."""

NonNegative = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
Histories = Literal["none", "mean", "din", "attention"]
"""How sequences are read; see `ModelConfig.histories`."""

OptimizerName = Literal["adam", "adagrad", "sgd"]

Fraction = Annotated[float, pydantic.Field(ge=0, lt=1)]


class ModelConfig(Settings):
    """What every architecture has; each adds its own fields in a subclass.

    Attributes:
      name: the architecture's registered name, or `package.module:Class` for one of the user's own.
      embedding_dim: e, the width of a field's embedding inside the network. A field
        whose tag asks for another width is projected to it.
      embedding_stddev: standard deviation of the embeddings' initial values. The smaller, the
        longer a short training needs to make anything of them; the larger, the more noise
        an id keeps that is seldom seen.
      embedding_l2: weight of the squared norm of the embeddings that a row looks up,
        averaged over rows.
      l2_per: what `embedding_l2` and `wide_l2` count once: every `lookup`, or every `value`
        of a field, divided by the rows of the train split. The second is a ridge penalty: a
        value that is seldom seen is held back more than one that is seen often. Weights
        of the one and the other differ by orders of magnitude; see `LookupL2`.
      kernel_l2: weight of the squared norm of the dense kernels.
      deviation_l2: of kernels that are private to a scenario. None: they have nothing in
        common (as published). A number: each is one that all scenarios share plus a deviation
        of its own, zero at the start and held back by this weight of its squared norm (partial
        pooling), so that a scenario with few rows is not left with noise. `SoftmaxGate`s
        and AutoIFS's low-rank parts, which are such deviations anyway, are not concerned.
      dropout: fraction of hidden units dropped in training.
      numeric: whether the z-scored numbers are inputs next to the fields.
      wide: whether every value of every field has a weight of its own on each logit
        (the wide, first-order part).
      wide_l2: as embedding_l2, for these weights.
      histories: how sequences are read, a group of them as one embedding a column. `none`: not at
        all. `mean`: as the mean of their values. `din`: as a sum weighted by how much each value
        matters to the candidate (Zhou et al., Deep Interest Network, KDD 2018; see
        `TargetAttention`). `attention`: the same after a block of self-attention (Kang and
        McAuley, SASRec, ICDM 2018; see `SelfAttention`). A log without sequences has nothing to
        read.
    """

    name: str
    embedding_dim: pydantic.PositiveInt = 16
    embedding_stddev: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)] = 0.01
    embedding_l2: NonNegative = 0.0
    l2_per: Literal["lookup", "value"] = "lookup"
    kernel_l2: NonNegative = 0.0
    deviation_l2: NonNegative | None = None
    dropout: Fraction = 0.0
    numeric: bool = True
    wide: bool = True
    wide_l2: NonNegative = 0.0
    histories: Histories = "din"

    @property
    def least_epochs(self) -> int:
        """The epochs that a training needs at least."""
        return 1

    @property
    def scenario_tables(self) -> bool:
        """Whether every scenario has tables, a wide part and readers of lists of its own."""
        return False

    @property
    def counts_values(self) -> bool:
        """Whether the training must know how often every value stands in the train split."""
        return self.l2_per == "value" and max(self.embedding_l2, self.wide_l2) > 0

    @property
    def counts_by_scenario(self) -> bool:
        """Whether values are counted in every scenario on its own: for tables of scenarios."""
        return self.scenario_tables


class TrainingConfig(Settings):
    """How a model is trained.

    Attributes:
      batch_size: rows of one step over all replicas (the global batch).
      max_epochs: epochs at most.
      learning_rate: the optimizer's learning rate.
      learning_rate_decay: factor of all learning rates from one epoch to the next of a phase;
        1 leaves them as they are.
      optimizer: Keras's Adam, Adagrad or plain SGD.
      seed: of initial weights, dropout and shuffling.
      patience: how many epochs in a row may be no better than the best one before them. With
        2, an epoch that is worse is followed by another try; after the second the training
        ends. The weights of the best epoch are kept, whatever came after it. Each phase of an
        architecture counts for itself; one without early stopping does not count.
      monitor: what decides on the better epoch, on validation, the same for every architecture.
        `normalized_entropy` (smaller): every label with a loss once, every scenario with enough
        rows on its own; see `models.training.monitor.Monitor`. `auc` (larger) or `logloss`
        (smaller): the mean over all outputs, of all scenarios together.
      precision: `float32`, or half precision inside the network (variables and
        probabilities stay float32).
      xla: compile forward and backward pass with XLA.
      loss_weights: weight of an output's loss; 1 for those not named.
      checkpoint_seconds: seconds between two checkpoints; there is one after every epoch anyway,
        and with several workers no other.
      rows_in_memory: a train split of more rows is streamed from disk in every epoch.
      calibration: a curve from log-odds to calibrated ones for every scenario and output, fitted on
        validation when the training has ended, and a part of the exported model: none, a line
        (`platt`) or a rising curve of straight pieces (`isotonic`). See `models.calibration`.
      calibration_rows: rows of the rarer class with which a scenario's own curve counts as much
        as the one of all scenarios together; with n rows it counts n / (n + calibration_rows).
      devices: `auto` trains on every GPU of the machine, and of all workers that TF_CONFIG names
        (data parallel); `one` on one device.
    """

    batch_size: pydantic.PositiveInt = 4096
    max_epochs: pydantic.PositiveInt = 10
    learning_rate: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)] = 1e-3
    learning_rate_decay: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0
    optimizer: OptimizerName = "adam"
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**31)] = 0
    patience: pydantic.PositiveInt = 2
    monitor: Literal["normalized_entropy", "auc", "logloss"] = "normalized_entropy"
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    xla: bool = False
    loss_weights: dict[str, NonNegative] = pydantic.Field(default_factory=dict)
    checkpoint_seconds: pydantic.PositiveInt = 600
    rows_in_memory: pydantic.PositiveInt = 20_000_000
    calibration: Literal["none", "platt", "isotonic"] = "none"
    calibration_rows: NonNegative = 50.0
    devices: Literal["auto", "one"] = "auto"
