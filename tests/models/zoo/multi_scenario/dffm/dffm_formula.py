"""DFFM's equations, a row at a time, from a ranker's variables."""

from typing import Any

import numpy as np
from made_batches import weight

from models.ranker import Ranker


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class Formula:
    """Everything of rows of a scenario in float64.

    Args:
      ranker: whose variables it reads.
      widths: of an embedding, D's hidden layers, and an embedding.
      identity: whether D adds its input.
    """

    def __init__(self, ranker: Ranker, widths: tuple[int, ...], identity: bool = True) -> None:
        self.ranker, self.widths, self.identity = ranker, widths, identity
        self._values: dict[str, np.ndarray] = {}

    def value(self, name: str) -> np.ndarray:
        if name not in self._values:
            self._values[name] = weight(self.ranker, name).numpy().astype(np.float64)
        return self._values[name]

    def has(self, name: str) -> bool:
        return any(v.name.endswith(f"{name}:0") for v in self.ranker.weights)

    def micro(self, k: int, x: np.ndarray, priors: np.ndarray) -> np.ndarray:
        """D of embeddings [A, e] (eq. 3 to 6), with the embeddings of the columns it reads."""
        numbers = self.value("micro_network/base") + self.value("micro_network/deviation")[k]
        if priors.size:
            numbers = numbers + priors @ self.value("micro_network/prior_kernel")
        hidden, at = x, 0
        for before, after in zip(self.widths, self.widths[1:], strict=False):
            kernel = numbers[at : at + before * after].reshape(before, after)
            at += before * after
            hidden = hidden @ kernel + numbers[at : at + after]
            at += after
            if at < len(numbers):
                hidden = leaky(hidden)
        assert at == len(numbers)
        return x + hidden if self.identity else hidden

    def interactions(self, tokens: np.ndarray, flat: np.ndarray) -> np.ndarray:
        """h_DFFI (eq. 7 and 8)."""
        count = len(tokens)
        pairs = [tokens[i] @ tokens[j] for i in range(count) for j in range(i + 1, count)]
        hidden = np.concatenate([pairs, flat])
        layer = 0
        while self.has(f"interactions/dense_{layer}/kernel"):
            kernel, bias = (
                self.value(f"interactions/dense_{layer}/{x}") for x in ("kernel", "bias")
            )
            hidden = relu(hidden @ kernel + bias.ravel())
            layer += 1
        return hidden

    def behaviours(
        self, group: str, values: np.ndarray, of_row: np.ndarray, heads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Eq. 9 to 12 position by position, and their mean; with the weights [H, n].

        Args:
          group: its name.
          values: those that there are, [n, w].
          of_row: E, [d, m].
          heads: H.
        """
        units, rank = of_row.shape
        name = f"behaviours_{group}"
        fixed = self.value(f"{name}/scores/kernel").reshape(-1, 2, heads, units)
        made = self.value(f"{name}/scores_of_row/kernel").reshape(-1, 2, heads, rank)
        outputs, weights = [], []
        for i in range(heads):
            query, key = (fixed[:, j, i] + made[:, j, i] @ of_row.T for j in (0, 1))
            value = self.value(f"{name}/value/kernel")[i]
            value = value + self.value(f"{name}/value_of_row/kernel")[i] @ of_row.T
            scores = softmax((values @ query) @ (values @ key).T / np.sqrt(units))
            outputs.append(scores @ (values @ value))
            weights.append(scores.mean(0))
        hidden = np.concatenate(outputs, axis=1) @ self.value(f"{name}/output/kernel")
        return hidden.mean(0), np.array(weights)

    def probability(self, c: int, hidden: np.ndarray, offset: float) -> Any:
        """P of label c (eq. 14, with a hidden layer or without)."""
        if self.has("towers/hidden/dense_0/kernel"):
            kernel = self.value("towers/hidden/dense_0/kernel")[c]
            hidden = relu(hidden @ kernel + self.value("towers/hidden/dense_0/bias")[c, 0])
        last = self.value("towers/last/kernel")[c, :, 0]
        return 1 / (1 + np.exp(-(hidden @ last + self.value("towers/last/bias")[c, 0, 0] + offset)))
