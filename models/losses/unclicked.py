"""The way to a label without its parent: its branch and its rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

import tensorflow as tf

from models.features.inputs import target_key, weight_key
from models.losses.log_odds import cross_entropy
from schemas.task_graph import TaskGraph


@dataclasses.dataclass(frozen=True)
class Branch:
    """One conditional probability with a tower of its own.

    Attributes:
      name: the probability (`conversion_given_click_with_action`).
      label: the label it is of.
      clicked: False for the probability of the label without its parent.
    """

    name: str
    label: str
    clicked: bool = True


def unclicked_branches(tasks: TaskGraph) -> tuple[Branch, ...]:
    """Returns `conversion_without_click` of every label that needs no parent (`after`)."""
    return tuple(
        Branch(f"{label.name}_without_{label.parent}", label.name, clicked=False)
        for label in tasks.labels
        if label.parent is not None and not label.constrained
    )


def unclicked_losses(
    tasks: TaskGraph,
    branches: Iterable[Branch],
    batch: Mapping[str, tf.Tensor],
    predictions: Mapping[str, tf.Tensor],
) -> dict[str, tf.Tensor]:
    """Returns every branch's weighted cross-entropy on its rows, float32 [B], by its name.

    Args:
      tasks: the labels and their outputs.
      branches: of `unclicked_branches`.
      batch: targets and weights of the outputs.
      predictions: log-odds of every branch by name, float32 [B].
    """
    found = {}
    for branch in branches:
        target, weight = unclicked_rows(tasks, branch, batch)
        found[branch.name] = weight * cross_entropy(target, predictions[branch.name])
    return found


def unclicked_rows(
    tasks: TaskGraph, branch: Branch, batch: Mapping[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the targets and weights of a branch without its parent, float32 [B].

    A row weighs what it weighs in the entire space where the chain of parents is known not
    to hold, and 0 elsewhere; so does a row of which a label of the chain or the label itself
    is not known, as in `models.features.targets`.

    Args:
      tasks: the labels and their outputs.
      branch: one of `unclicked_branches`.
      batch: targets and weights of the outputs.
    """
    chain = tasks.joint(tasks.ancestors(branch.label)[-1]).name
    weight = batch[weight_key(tasks.joint(branch.label).name)]
    target = batch[target_key(tasks.total(branch.label).name)]
    return target, weight * (1.0 - batch[target_key(chain)])
