"""The hyper-parameters of DFFM."""

from __future__ import annotations

import pydantic

from models.config import Histories, ModelConfig, Units


class DFFMConfig(ModelConfig):
    """Hyper-parameters of DFFM; sizes are ours, since the paper's were not available to us.

    `deviation_l2` weighs the squared norm of what a scenario's micro-network differs by from the
    one that all begin with, unless `micro_columns` lets columns change it too.

    Attributes:
      name: the registered name.
      micro_units: widths of the hidden layers of the micro-network D; its last layer has the width
        of an embedding. Empty for one linear layer.
      micro_identity: whether D adds its input to its output and begins as the identity (ours).
        False: as published.
      micro_columns: columns tagged `prior:scenario` that change the weights of D too, besides the
        scenario, as all of them do in the paper. They are held back by `kernel_l2`, and not by
        `deviation_l2`. The scenario's own column does not belong here: what it could add is what
        every scenario has anyway, and it would escape from `deviation_l2`.
      interaction_units: widths of the perceptron over the pairs' products and the embeddings.
      heads: of the attention over a history.
      head_units: width of a head.
      tower_units: widths of a label's hidden layers behind both parts; none for eq. 14.
      histories: as in every architecture, but a history's own summary is no field of the
        interactions: the attention of DFFM adds to it, and `mean` is what it adds to by default.
        `none` leaves histories out.
    """

    name: str = "dffm"
    micro_units: Units = (8,)
    micro_identity: bool = True
    micro_columns: tuple[str, ...] = ()
    interaction_units: Units = pydantic.Field((128, 64), min_length=1)
    heads: pydantic.PositiveInt = 4
    head_units: pydantic.PositiveInt = 8
    tower_units: Units = (32,)
    histories: Histories = "mean"
