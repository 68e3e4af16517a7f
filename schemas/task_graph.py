"""The task graph that the label tags draw, and the outputs that follow from it.

Every label L has a conditional probability: ``P(L)`` where it has no parent,
``P(L | parent)`` where it has. Output names are made from the labels once, here:
``click``, ``conversion_given_click``, ``click_and_conversion``, and, of a label that does
not need its parent (`after`), the label in the entire space, ``conversion``.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from schemas.tags import ContractError


@dataclasses.dataclass(frozen=True)
class Label:
    """A binary label of the log.

    Attributes:
      name: the label's name in the task graph (`click`).
      column: the column that holds it (`is_click`).
      parent: the label it follows, or None in the entire space.
      constrained: True where a 1 without its parent is refused (`given`); False
        where such a row is legal (`after`).
      paths: the labels named by `after`, in order; empty without it.
      above: a value above it is positive, any other negative; None where the values are 0 and 1.
      optional: True where the value may be missing: the label is not known yet.
    """

    name: str
    column: str
    parent: str | None = None
    constrained: bool = False
    paths: tuple[str, ...] = ()
    above: float | None = None
    optional: bool = False


@dataclasses.dataclass(frozen=True)
class Output:
    """One probability that a model predicts for every row.

    Attributes:
      name: its fixed name, in metrics, gate, JSON and signatures.
      target: labels whose product is the 0/1 target.
      space: labels whose product is the row's weight; empty for the entire space.
    """

    name: str
    target: tuple[str, ...]
    space: tuple[str, ...] = ()


_Named = TypeVar("_Named", Label, Output)


@dataclasses.dataclass(frozen=True)
class TaskGraph:
    """Labels in an order in which every parent comes before its children."""

    labels: tuple[Label, ...]

    def label(self, name: str) -> Label:
        """Returns the label called `name`; raises KeyError where there is none."""
        return _named(self.labels, name)

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Returns the chain of parents of `name`, the root first."""
        parent = self.label(name).parent
        return () if parent is None else (*self.ancestors(parent), parent)

    def conditional(self, name: str) -> Output:
        """Returns the output P(label) or P(label | parent)."""
        parent = self.label(name).parent
        if parent is None:
            return Output(name, (name,))
        return Output(f"{name}_given_{parent}", (name,), (parent,))

    def joint(self, name: str) -> Output:
        """Returns the entire-space output of `name` together with all its ancestors."""
        chain = (*self.ancestors(name), name)
        return Output("_and_".join(chain), chain)

    def total(self, name: str) -> Output:
        """Returns the entire-space output of `name`, with or without its ancestors."""
        return Output(self.label(name).name, (name,))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs: per label its conditional, its joint and its total where they differ."""
        found: list[Output] = []
        for label in self.labels:
            found.append(self.conditional(label.name))
            if label.parent is not None:
                found.append(self.joint(label.name))
                if not label.constrained:
                    found.append(self.total(label.name))
        return tuple(found)

    def output(self, name: str) -> Output:
        """Returns the output called `name`; raises KeyError where there is none."""
        return _named(self.outputs, name)


def _named(items: tuple[_Named, ...], name: str) -> _Named:
    """Returns the item with that name; raises KeyError naming the known ones."""
    for item in items:
        if item.name == name:
            return item
    raise KeyError(f"'{name}'; known: {', '.join(item.name for item in items)}")


def sorted_by_parents(labels: list[Label]) -> TaskGraph:
    """Builds a TaskGraph from labels in any order.

    Raises:
      ContractError: no label, a name twice, an unknown parent or path, a cycle, or a label that
        is called as an output of others.
    """
    if not labels:
        raise ContractError("no feature has a 'label:NAME' tag; tag at least one outcome")
    names = [label.name for label in labels]
    for label in labels:
        if names.count(label.name) > 1:
            raise ContractError(f"two features are tagged 'label:{label.name}'; rename one")
        same = [x for x in names if x.casefold() == label.name.casefold()]
        if len(same) > 1:
            raise ContractError(
                f"the labels '{same[0]}' and '{same[1]}' differ in upper and lower case alone; "
                "rename one"
            )
        for other in filter(None, (label.parent, *label.paths)):
            if other not in names:
                raise ContractError(
                    f"feature '{label.column}': label '{label.name}' follows '{other}', "
                    f"which no feature is tagged with; known: {', '.join(names)}"
                )
    done: list[Label] = []
    rest = list(labels)
    while rest:
        placed = {label.name for label in done}
        ready = [label for label in rest if label.parent is None or label.parent in placed]
        if not ready:
            raise ContractError(
                f"labels follow each other in a circle: {', '.join(x.name for x in rest)}"
            )
        done.extend(ready)
        rest = [label for label in rest if label not in ready]
    graph = TaskGraph(tuple(done))
    outputs = [output.name for output in graph.outputs]
    for label in labels:
        if outputs.count(label.name) > 1:
            raise ContractError(
                f"feature '{label.column}': the label '{label.name}' has the name of an output "
                "that follows from other labels; rename it"
            )
    return graph
