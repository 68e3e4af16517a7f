"""The branches of an entire-space model, and the probabilities composed from them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import tensorflow as tf

from models.losses.log_odds import both, either, mixed
from models.losses.unclicked import Branch, unclicked_branches
from schemas.task_graph import Label, TaskGraph


@dataclasses.dataclass(frozen=True)
class _Split:
    """The branches of a label that does not need its parent.

    Attributes:
      actions: chains of labels from the parent down to each related action.
      plain: the branch without any action; without actions the only one of the parent.
      acting: the branch with an action, or None without actions.
      unclicked: the branch without the parent, or None where there is none.
    """

    actions: tuple[tuple[str, ...], ...]
    plain: str
    acting: str | None
    unclicked: str | None


class EntireSpace:
    """The entire-space supervised multi-task module (AEM2TL, TKDE 2025) of any task graph.

    The paper's graph is impression -> {click, no click}, click -> {action, conversion},
    action -> conversion, no click -> conversion, with five branches

        y1 = P(click)                        y4 = P(action | click)
        y2 = P(conversion | click, no action)    y5 = P(conversion | click, action)
        y3 = P(conversion | no click)

    and their composition

        pCTR = y1,  pCTAVR = y1 y4,  pCVR = (1 - y4) y2 + y4 y5,  pCTCVR = pCTR pCVR,
        pXCVR = pCTCVR + (1 - pCTR) y3

    The losses are on pCTR, pCTAVR and pXCVR, each over all impressions.

    Beyond the paper (our choices): a label without `after` has one branch, its conditional
    probability; a label with `after` but without a related action has y2 and y3 only; of
    several related actions any one counts, and siblings are taken as independent given their
    parent, ``y4 = 1 - prod_a (1 - P(a | parent))``; an action that does not descend from the
    label's parent is none of its related actions; below a parent that has ancestors,
    "clicked" means that the whole chain of them holds. The conditional and the total are
    composed here, the products along the chain by `LabelSpace`.

    The total alone does not say which way a conversion came, though the log does: y3 can
    take the place of y2 and y5 and the other way round, so that pCTCVR may be any share of
    pXCVR, and pCVR is off with it. `joint` adds a loss on pCTCVR next to pXCVR's (ours, and
    AEM2TL's default).

    Args:
      tasks: the labels and their parents.
      unclicked: whether labels with `after` have a branch y3; without it the model is
        ESMM's with pCVR in two parts, the label's loss is on pCTCVR, and pXCVR is not
        composed here.
      joint: whether a label with a branch y3 has a loss on pCTCVR besides.
    """

    def __init__(self, tasks: TaskGraph, unclicked: bool = True, joint: bool = False) -> None:
        self._tasks = tasks
        self._joint = joint
        self._splits = {
            branch.label: self._split(tasks.label(branch.label), branch.name if unclicked else None)
            for branch in unclicked_branches(tasks)
        }
        found: list[Branch] = []
        for label in tasks.labels:
            split = self._splits.get(label.name)
            if split is None:
                found.append(Branch(tasks.conditional(label.name).name, label.name))
                continue
            clicked = (split.plain, split.acting)
            found += [Branch(name, label.name) for name in clicked if name]
            if split.unclicked:
                found.append(Branch(split.unclicked, label.name, clicked=False))
        self.branches = tuple(found)

    def _split(self, label: Label, without: str | None) -> _Split:
        conditional = self._tasks.conditional(label.name).name
        chains = [self._chain(label, action) for action in label.paths]
        actions = tuple(chain for chain in chains if chain)
        if not actions:
            return _Split((), conditional, None, without)
        named = "_or_".join(chain[-1] for chain in actions)
        plain, acting = f"{conditional}_without_{named}", f"{conditional}_with_{named}"
        return _Split(actions, plain, acting, without)

    def _chain(self, label: Label, action: str) -> tuple[str, ...]:
        """Returns the labels below the label's parent down to an action; empty if unrelated."""
        ancestors = (*self._tasks.ancestors(action), action)
        if label.parent not in ancestors[:-1] or label.name in ancestors:
            return ()
        chain = ancestors[ancestors.index(label.parent) + 1 :]
        order = [other.name for other in self._tasks.labels]
        own = order.index(label.name)
        # Of two labels that name each other, only the second follows the first.
        split = [name for name in chain if len(self._tasks.label(name).paths) > 1]
        return () if any(order.index(name) > own for name in split) else chain

    @property
    def totals(self) -> tuple[str, ...]:
        """The total outputs that `compose` returns: of labels with a branch y3."""
        splits = self._splits.items()
        return tuple(self._tasks.total(name).name for name, split in splits if split.unclicked)

    @property
    def supervised_outputs(self) -> tuple[str, ...]:
        """A label's total where it has a branch without its parent, and its joint elsewhere.

        With `joint` the former have both.
        """
        names = []
        for label in self._tasks.labels:
            split = self._splits.get(label.name)
            total = split is not None and split.unclicked is not None
            if self._joint or not total:
                names.append(self._tasks.joint(label.name).name)
            if total:
                names.append(self._tasks.total(label.name).name)
        return tuple(names)

    def compose(self, branches: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Composes the branches' log-odds, elementwise and of any shape.

        Args:
          branches: the log-odds of every branch by name, float32.

        Returns:
          Those of the conditional output of every label, and of the total one of every label
          that has a branch without its parent.
        """
        given: dict[str, tf.Tensor] = {}
        # The actions first: what follows them is made of theirs.
        for label in sorted(self._tasks.labels, key=lambda x: bool(self._actions(x.name))):
            split = self._splits.get(label.name)
            if split is None:
                given[label.name] = branches[self._tasks.conditional(label.name).name]
            else:
                given[label.name] = self._clicked(split, branches, given)
        outputs = {self._tasks.conditional(name).name: value for name, value in given.items()}
        for name, split in self._splits.items():
            if split.unclicked:
                reached = functools.reduce(both, [given[x] for x in self._tasks.ancestors(name)])
                outputs[self._tasks.total(name).name] = mixed(
                    reached, given[name], branches[split.unclicked]
                )
        return outputs

    def _actions(self, name: str) -> tuple[tuple[str, ...], ...]:
        split = self._splits.get(name)
        return () if split is None else split.actions

    def _clicked(
        self,
        split: _Split,
        branches: Mapping[str, tf.Tensor],
        given: Mapping[str, tf.Tensor],
    ) -> tf.Tensor:
        if split.acting is None:
            return branches[split.plain]
        acts = _any_of(split.actions, given)
        return mixed(acts, branches[split.acting], branches[split.plain])


def _any_of(chains: Sequence[tuple[str, ...]], given: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """P(the labels of at least one chain all hold), siblings taken as independent.

    A chain that goes on from another's end adds nothing: its labels imply the other's.
    """
    ways = []
    for head in dict.fromkeys(chain[0] for chain in chains):
        rests = [chain[1:] for chain in chains if chain[0] == head]
        certain = not all(rests)
        ways.append(given[head] if certain else both(given[head], _any_of(rests, given)))
    return functools.reduce(either, ways)
