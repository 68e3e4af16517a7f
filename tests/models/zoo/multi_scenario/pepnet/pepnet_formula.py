"""Small PEPNets, logs with and without priors, and the equations in numpy."""

import dataclasses
from typing import Any

import numpy as np
from made_batches import batch, layout, make_ranker, randomise, task_graph, tensors, weight

from models.features.inputs import InputLayout
from models.ranker import Ranker

E, ROWS = 4, 32
CONFIG = {
    "name": "pepnet",
    "embedding_dim": E,
    "scenario_gate_units": 7,
    "tower_units": (6, 5),
    "personal_gate_units": 8,
}
USER, ITEM, HOUR, SCENARIO = range(4)


def with_priors(inputs: InputLayout, **roles: str | None) -> InputLayout:
    """Tags the fields that are named as priors with a role, or with none, and no others."""
    fields = tuple(
        dataclasses.replace(field, prior=field.name in roles, prior_role=roles.get(field.name))
        for field in inputs.fields
    )
    return dataclasses.replace(inputs, fields=fields)


PRIORS = with_priors(layout(), user="user", item=None, scenario="scenario")
PERSONAL = with_priors(layout(), user="user", item="item")
OF_SCENARIO = with_priors(layout(), scenario="scenario")
NONE = with_priors(layout())


def made(inputs: InputLayout = PRIORS, labels: int = 2, **options: Any) -> Ranker:
    """A ranker with every variable away from its start."""
    training = options.pop("training", {})
    tasks = task_graph(labels)
    ranker = make_ranker({**CONFIG, **options}, inputs=inputs, tasks=tasks, **training)
    randomise(ranker)
    return ranker


def rows_of(ranker: Ranker, rows: int = ROWS) -> dict[str, np.ndarray]:
    return batch(rows, ranker.layout, task_graph(2))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


class Formula:
    """The docstring's formulas, row by row, in float64.

    Args:
      ranker: whose variables it reads.
      rows: a batch of them.
      scenario_priors: positions of E_s among the fields; None where it is a vector.
      personal_priors: positions of E_p among the fields.
    """

    def __init__(
        self,
        ranker: Ranker,
        rows: dict[str, np.ndarray],
        scenario_priors: tuple[int, ...] | None,
        personal_priors: tuple[int, ...],
    ) -> None:
        self._ranker = ranker
        features = ranker.features(tensors(rows))
        self.fields = features.fields.numpy().astype(np.float64)
        flat = self.fields.reshape(len(self.fields), -1)
        self.x = np.concatenate([flat, features.numeric.numpy()], axis=1)
        self.scenario = features.scenario.numpy()
        self.offset = features.offset.numpy().astype(np.float64)
        self._scenario_priors, self._personal_priors = scenario_priors, personal_priors

    def value(self, name: str) -> np.ndarray:
        return weight(self._ranker, f"pepnet/{name}").numpy().astype(np.float64)

    def gate(self, name: str, read: np.ndarray, at: tuple[int, ...] = ()) -> np.ndarray:
        h = read @ self.value(f"{name}/hidden/kernel")[at]
        h = relu(h + self.value(f"{name}/hidden/bias")[at][0])
        h = h @ self.value(f"{name}/last/kernel")[at] + self.value(f"{name}/last/bias")[at][0]
        return 2 * sigmoid(h)

    def embedding_gate(self, row: int) -> np.ndarray:
        if self._scenario_priors is None:
            prior = self.value("scenario_embedding/vectors")[self.scenario[row]]
        else:
            prior = self.fields[row, list(self._scenario_priors)].ravel()
        return self.gate("scenario_gate", np.concatenate([prior, self.x[row]]))

    def gated(self, row: int) -> np.ndarray:
        return self.embedding_gate(row) * self.x[row]

    def unit_gates(self, row: int, label: int, layers: int = 3) -> list[np.ndarray]:
        prior = self.fields[row, list(self._personal_priors)].ravel()
        read = np.concatenate([prior, self.gated(row)])
        return [self.gate(f"towers/gate_{at}", read, (label,)) for at in range(layers)]

    def tower(self, row: int, label: int, h: np.ndarray, gates: list[np.ndarray]) -> float:
        """The probability of a label, of what its tower reads and of its layers' factors."""
        at = (0, label)
        for layer, factors in enumerate(gates[:-1]):
            name = f"towers/dense_{layer}"
            h = (factors * h) @ self.value(f"{name}/kernel")[at] + self.value(f"{name}/bias")[at][0]
            h = relu(h)
        logit = (gates[-1] * h) @ self.value("towers/last/kernel")[at][:, 0]
        logit += self.value("towers/last/bias")[at][0, 0] + self.offset[row, label]
        return float(sigmoid(logit))

    def probability(self, row: int, label: int, layers: int = 3) -> float:
        return self.tower(row, label, self.gated(row), self.unit_gates(row, label, layers))
