"""Numbers that are not finite: where a training met them, and what it says of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from common.errors import PolyrankError
from models.config import TrainingConfig
from models.ranker import Ranker
from models.schedule import Phase
from models.training.distribution import Devices
from schemas.graph_names import column_name


class DivergedError(PolyrankError):
    """A training has met numbers that are not finite, and has nothing to end with."""


class Met(NamedTuple):
    """Numbers that are not finite, as they were met.

    Attributes:
      step: the step of the epoch, from 1; None at the epoch's end.
      what: which they are, in words.
    """

    step: int | None
    what: str


def agreed_on(met: Met | None, devices: Devices, step: int | None = None) -> Met | None:
    """Returns what this or any other worker has met; all workers call it, and end alike.

    Args:
      met: what this one has met.
      devices: the training's.
      step: the step up to which they have looked, from 1; None at the epoch's end.
    """
    if not devices.agreed(float(met is not None)):
        return None
    return met or Met(step, "another worker has met numbers that are not finite")


def in_losses(report: Mapping[str, float]) -> str:
    """Names the losses of one step that are not finite; empty where all are.

    Args:
      report: what a step reports: `loss`, `penalty`, `{output}_loss`, none of them scaled.
    """
    found = {name: value for name, value in report.items() if not math.isfinite(value)}
    # The total follows from the others, and says the least.
    named = {name: value for name, value in found.items() if name != "loss"} or found
    return ", ".join(f"{name} is {value}" for name, value in named.items())


def in_scores(scores: Mapping[str, np.ndarray]) -> str:
    """Says how many validation scores of which outputs are not finite; empty where all are.

    Args:
      scores: output -> [N].
    """
    counts = {o: int(np.count_nonzero(~np.isfinite(values))) for o, values in scores.items()}
    return ", ".join(
        f"{count:,} of {len(scores[output]):,} validation scores of '{output}' are not finite"
        for output, count in counts.items()
        if count
    )


def in_weights(ranker: Ranker) -> str:
    """Names the first weights of a model that are not finite; empty where all are."""
    for variable in ranker.weights:
        # Where they lie: a table may be too large to be copied for this.
        if variable.dtype.is_floating and not tf.reduce_all(tf.math.is_finite(variable)):
            values = variable.numpy()
            count = int(np.count_nonzero(~np.isfinite(values)))
            return f"{count:,} of {values.size:,} weights of '{variable.name}' are not finite"
    return ""


def where(record: Mapping[str, Any], epochs: int, steps: int) -> str:
    """Says in words where a training met them and what they were.

    Args:
      record: `phase`; `epoch`, from 0; `step` of it, from 1, or None at its end; `what`.
      epochs: the training's, at most.
      steps: an epoch's.
    """
    place = f"after epoch {record['epoch'] + 1}/{epochs}"
    if record["step"] is not None:
        place = f"in epoch {record['epoch'] + 1}/{epochs}, step {record['step']}/{steps}"
    return f"{place} of phase '{record['phase']}': {record['what']}"


def no_good_weights(
    words: str, ranker: Ranker, training: TrainingConfig, phase: Phase, following: str
) -> DivergedError:
    """The error of a training that has nothing to end with.

    Args:
      words: of `where`.
      ranker: the model.
      training: how it is trained.
      phase: the phase.
      following: name of the phase that should have followed; empty for none.
    """
    why = "no earlier epoch of this phase has left weights to go back to"
    if following:
        why = f"the model is not complete without the phase '{following}', which follows"
    columns = ", ".join(column_name(name) for name in ranker.layout.numeric)
    look = f", or look for extreme values in the numeric columns ({columns})" if columns else ""
    rate = phase.learning_rate or training.learning_rate
    return DivergedError(
        f"the training has diverged {words}; {why}. Lower training.learning_rate (this phase has "
        f"{rate:g}){look}"
    )
