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


def direction(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).sum(-1, keepdims=True) + 1e-6)


class Formula:
    """CSII's equations, a row at a time, from a ranker's variables."""

    def __init__(self, ranker: Ranker, config: dict[str, Any]) -> None:
        self.ranker, self.config = ranker, config
        self._values: dict[str, np.ndarray] = {}

    def value(self, name: str) -> np.ndarray:
        # To look for a variable among all of them takes longer than a row's equations.
        if name not in self._values:
            self._values[name] = weight(self.ranker, name).numpy()
        return self._values[name]

    def dense(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Kernels [groups, ..., in, out] and biases of a layer of experts."""
        bias = self.value(f"{name}/bias")
        if self.config.get("experts") != "low_rank" or name.startswith("shared"):
            return self.value(f"{name}/kernel"), bias
        down, up = self.value(f"{name}/down"), self.value(f"{name}/up")
        return self.value(f"{name}/common") + np.einsum("...ir,...ro->...io", down, up), bias

    def mixture(self, name: str, group: int, x: np.ndarray) -> np.ndarray:
        (k0, b0), (k1, b1) = (
            [values[group] for values in self.dense(f"{name}/dense_{layer}")] for layer in (0, 1)
        )
        if k0.ndim == 2:
            return relu(relu(x @ k0 + b0[0]) @ k1 + b1[0])
        gate, bias = (self.value(f"{name}/gates/{part}")[group] for part in ("kernel", "bias"))
        each = [relu(relu(x @ k0[j] + b0[j, 0]) @ k1[j] + b1[j, 0]) for j in range(gate.shape[-1])]
        return softmax(x @ gate + bias[0]) @ np.stack(each)

    def place(self, t: int, fields: np.ndarray) -> np.ndarray:
        """Where fields lie among the rows of a scenario; all scenarios have been seen."""
        seen = self.value("prototypes/seen")
        means, squares = (self.value(f"prototypes/{x}") / seen for x in ("means", "squares"))
        variance = 0.9 * (squares[t] - means[t] ** 2)
        variance += 0.1 * (squares.mean(0) - means.mean(0) ** 2)
        return (fields - means[t].reshape(P, E)) / np.sqrt(variance + 1e-6).reshape(P, E)

    def carried(self, s: int, t: int, fields: np.ndarray, numeric: np.ndarray) -> np.ndarray:
        if s != t:
            scale, shift = self.value("transform/scale")[s, t], self.value("transform/shift")[s, t]
            moved = scale * fields + shift
            before, after = fields, moved
            if self.config.get("reference") == "prototype":
                before, after = self.place(s, fields), self.place(t, moved)
            tau = np.log1p(np.exp(self.value("transferable_features/temperature")))
            distances = np.sqrt(((after - before) ** 2).sum(-1))
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
        attended = (scores @ (tokens @ value)).ravel()
        return h + attended @ self.value("intra_attention/output_kernel")[own]

    def inter(self, s: int, own: np.ndarray, vectors: dict[int, np.ndarray]) -> np.ndarray:
        """u_agg of a row of scenario s, token by token."""
        query, key, value = (
            self.value(f"inter_attention/{name}/kernel") for name in ("query", "key", "value")
        )
        parts = 2 if self.config.get("inter_tokens") == "heads" else 1
        sharpness = min(np.exp(self.value("inter_attention/log_sharpness")), 100)
        pairs = self.value("inter_attention/pair_bias")
        like = self.value("inter_attention/like") if parts > 1 else np.zeros((1, 1))
        mixed = []
        for i, token in enumerate(np.split(own @ query, parts)):
            logits, tokens = [], []
            for t, vector in vectors.items():
                for j, other in enumerate(np.split(vector @ key, parts)):
                    cosine = direction(token) @ direction(other)
                    logits.append(sharpness * cosine + 20 * pairs[s, t] + like[i, j])
                    tokens.append(np.split(vector, parts)[j])
            mixed.append(softmax(np.array(logits)) @ np.stack(tokens))
        return np.concatenate(mixed) @ (np.eye(len(own)) + value)

    def row(self, s: int, fields: np.ndarray, numeric: np.ndarray) -> np.ndarray:
        """z of a row of scenario s."""
        inputs = [self.carried(s, t, fields, numeric) for t in range(K)]
        experts = [self.mixture("csii/experts", t, inputs[t]) for t in range(K)]
        shared = self.mixture("shared_experts", 0, inputs[s])
        vectors = {t: self.intra(t, inputs[t], experts[t]) for t in range(K) if t != s}
        aggregate = self.inter(s, experts[s], vectors)
        logit = 5 * self.value("transfer_weight/theta")[s, 0]
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
