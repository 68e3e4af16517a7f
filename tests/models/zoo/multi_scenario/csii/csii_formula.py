from typing import Any

import numpy as np
from made_batches import weight

from models.ranker import Ranker

K, P, E = 3, 4, 4


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class Formula:
    """CSII's equations, a row at a time, from a ranker's variables."""

    def __init__(self, ranker: Ranker, config: dict[str, Any]) -> None:
        self.ranker, self.config = ranker, config

    def value(self, name: str) -> np.ndarray:
        return weight(self.ranker, name).numpy()

    def mixture(self, name: str, group: int, x: np.ndarray) -> np.ndarray:
        kernels = [
            [self.value(f"{name}/dense_{layer}/{part}")[group] for part in ("kernel", "bias")]
            for layer in (0, 1)
        ]
        if kernels[0][0].ndim == 2:
            (k0, b0), (k1, b1) = kernels
            return relu(relu(x @ k0 + b0[0]) @ k1 + b1[0])
        gate, bias = (self.value(f"{name}/gates/{part}")[group] for part in ("kernel", "bias"))
        (k0, b0), (k1, b1) = kernels
        each = [relu(relu(x @ k0[j] + b0[j, 0]) @ k1[j] + b1[j, 0]) for j in range(gate.shape[-1])]
        return softmax(x @ gate + bias[0]) @ np.stack(each)

    def carried(self, s: int, t: int, fields: np.ndarray, numeric: np.ndarray) -> np.ndarray:
        if s != t:
            scale, shift = self.value("transform/scale")[s, t], self.value("transform/shift")[s, t]
            moved = scale * fields + shift
            means = self.value("prototypes/means")[t].reshape(P, E)
            tau = np.log1p(np.exp(self.value("transferable_features/temperature")))
            distances = np.sqrt(((moved - means) ** 2).sum(-1))
            fields = np.exp(-distances / (tau * np.sqrt(E)))[:, None] * moved
        return np.concatenate([fields.ravel(), numeric])

    def intra(self, t: int, x: np.ndarray, h: np.ndarray) -> np.ndarray:
        heads = self.config.get("intra_tokens", "heads") == "heads"
        tokens = h.reshape(2, -1) if heads else x[: P * E].reshape(P, E)
        own = t if self.config.get("intra_weights") == "scenario" else 0
        query, key, value = (
            self.value(f"intra_attention/{name}/kernel")[own] for name in ("query", "key", "value")
        )
        scores = softmax((tokens @ query) @ (tokens @ key).T / np.sqrt(tokens.shape[1]))
        pooled = (scores @ (tokens @ value) + tokens).mean(0)
        if not heads:
            pooled = np.concatenate([pooled, h])
        kernel, bias = (
            self.value(f"intra_attention/output/{part}")[own] for part in ("kernel", "bias")
        )
        return relu(pooled @ kernel + bias[0])

    def row(self, s: int, fields: np.ndarray, numeric: np.ndarray) -> np.ndarray:
        """z of a row of scenario s."""
        inputs = [self.carried(s, t, fields, numeric) for t in range(K)]
        experts = [self.mixture("csii/experts", t, inputs[t]) for t in range(K)]
        shared = self.mixture("shared_experts", 0, inputs[s])
        query, key, value = (
            self.value(f"inter_attention/{name}/kernel") for name in ("query", "key", "value")
        )
        others = [t for t in range(K) if t != s]
        vectors = np.stack([self.intra(t, inputs[t], experts[t]) for t in others])
        attention = softmax(vectors @ key.T @ (experts[s] @ query) / np.sqrt(8))
        aggregate = attention @ vectors @ value
        logit = self.value("transfer_weight/theta")[s, 0]
        if self.config.get("alpha") == "instance":
            reader = self.value("transfer_weight/reader/kernel")
            logit += (np.concatenate([experts[s], aggregate]) @ reader)[0]
        return np.concatenate([sigmoid(logit) * aggregate + experts[s], shared])

    def probability(self, s: int, c: int, z: np.ndarray, offset: float) -> float:
        tower = (s, c) if self.config.get("towers") == "scenario_task" else (c,)
        kernel, bias, last, last_bias = (
            self.value(f"towers/{name}")[tower]
            for name in ("hidden/dense_0/kernel", "hidden/dense_0/bias", "last/kernel", "last/bias")
        )
        logit = relu(z @ kernel + bias[0]) @ last[:, 0] + last_bias[0, 0] + offset
        return sigmoid(logit)
