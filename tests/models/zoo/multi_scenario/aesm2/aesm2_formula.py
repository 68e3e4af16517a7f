"""AESM2's equations, a row at a time, from a ranker's variables; KL as it is defined."""

from typing import Any, NamedTuple

import numpy as np
from made_batches import tensors, weight

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker


class Chosen(NamedTuple):
    """What a row selects of a level."""

    weights: np.ndarray
    specific: np.ndarray
    shared: np.ndarray
    specific_divergence: float
    shared_divergence: float


def kl(p: np.ndarray, q: np.ndarray) -> float:
    return float(sum(a * np.log(a / b) for a, b in zip(p, q, strict=True) if a > 0))


def chosen(scores: np.ndarray, own: int, top_specific: int, top_shared: int) -> Chosen:
    """Selects experts by the scores of gates [G, N] and mixes them."""
    gates, experts = scores.shape
    if gates == 1:
        powers = np.exp(scores[0] - scores[0].max())
        return Chosen(powers / powers.sum(), np.zeros(experts), np.ones(experts), 0.0, 0.0)
    powers = np.exp(scores - scores.max(0))
    shares = powers / powers.sum(0)
    found = []
    for target, top in (
        (np.eye(gates)[own], top_specific),
        (np.full(gates, 1 / gates), top_shared),
    ):
        divergences = np.array([kl(target, shares[:, n]) for n in range(experts)])
        order = np.argsort(divergences, kind="stable")[:top]
        found.append((np.isin(np.arange(experts), order), divergences[order].mean() if top else 0))
    (specific, to_own), (shared, to_all) = found
    powers = np.exp(scores[own] - scores[own].max()) * (specific | shared)
    return Chosen(powers / powers.sum(), specific, shared, to_own, to_all)


class Row(NamedTuple):
    """One row's probabilities, and what it selects of every level."""

    probabilities: np.ndarray
    of_scenario: list[Chosen]
    of_labels: list[list[Chosen]]


class ByHand:
    """The docstring's formulas in float64."""

    def __init__(self, ranker: Ranker, rows: dict[str, np.ndarray], tops: tuple[int, int]) -> None:
        self._ranker, self._tops = ranker, tops
        self._labels = len(ranker.architecture.labels)
        features = ranker.features(tensors(rows))
        fields = features.fields.numpy()
        parts = [fields.reshape(len(fields), -1), features.numeric.numpy()]
        self.x = np.concatenate(parts, axis=1).astype(np.float64)
        self.scenario = rows[SCENARIO_KEY]
        self._offset = features.offset.numpy()
        self._values: dict[str, np.ndarray] = {}

    def value(self, name: str) -> np.ndarray:
        if name not in self._values:
            found = weight(self._ranker, f"aesm2/{name}").numpy()
            self._values[name] = found.astype(np.float64)
        return self._values[name]

    def _count(self, of: str) -> int:
        names = [v.name for v in self._ranker.weights]
        return sum(any(f"aesm2/{of}_{at}/" in name for name in names) for at in range(9))

    def perceptron(self, part: str, x: np.ndarray, *at: Any) -> np.ndarray:
        for layer in range(self._count(f"{part}/dense")):
            name = f"{part}/dense_{layer}"
            x = x @ self.value(f"{name}/kernel")[at] + self.value(f"{name}/bias")[at][0]
            x = np.maximum(x, 0)
        return x

    def level(self, name: str, h: np.ndarray, u: np.ndarray, own: int) -> tuple[np.ndarray, Chosen]:
        kernel, bias = self.value(f"{name}/gates/kernel"), self.value(f"{name}/gates/bias")
        scores = np.stack([u @ w + c[0] for w, c in zip(kernel, bias, strict=True)])
        found = chosen(scores, own, *self._tops)
        experts = [self.perceptron(f"{name}/experts", h, n) for n in range(scores.shape[1])]
        return found.weights @ experts, found

    def row(self, row: int) -> Row:
        k, h = self.scenario[row], self.x[row]
        d = self.value("scenario_embedding/vectors")[k]
        of_scenario: list[Chosen] = []
        for at in range(self._count("scenario_level")):
            h, found = self.level(f"scenario_level_{at}", h, np.concatenate([h, d]), k)
            of_scenario.append(found)
        probabilities, of_labels = np.zeros(self._labels), []
        for m in range(self._labels):
            e, own, of_label = self.value("label_embedding/vectors")[m], h, []
            for at in range(self._count("task_level")):
                own, found = self.level(f"task_level_{at}", own, np.concatenate([own, d, e]), m)
                of_label.append(found)
            of_labels.append(of_label)
            tower = (m,) if self.value("towers/last/kernel").ndim == 3 else (k, m)
            own = self.perceptron("towers/hidden", own, *tower)
            logit = own @ self.value("towers/last/kernel")[tower][:, 0]
            logit += self.value("towers/last/bias")[tower][0, 0] + self._offset[row, m]
            probabilities[m] = 1 / (1 + np.exp(-logit))
        return Row(probabilities, of_scenario, of_labels)

    def rows(self) -> list[Row]:
        return [self.row(row) for row in range(len(self.x))]
