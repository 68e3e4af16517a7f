"""CausalInt's equations in numpy, in complex numbers as well.

The derivative of a loss in a parameter is the imaginary part of the loss where ``i 1e-20`` is added
to it, exact to the last digits; a gradient that is stopped is one whose imaginary part is dropped.
So the derivatives of first and second order of TensorFlow are checked by values alone.
"""

from typing import Any

import numpy as np

from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.ranker import Ranker

STEP = 1e-20
PRIOR_ROWS = 4
OUTPUTS = ("click", "action_given_click")


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x.real > 0, x, 0.2 * x)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.real.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.log(1 + np.exp(logits)) - targets * logits


def direction(x: np.ndarray) -> np.ndarray:
    # Not np.linalg.norm, which takes absolute values.
    squares = (x**2).sum(-1, keepdims=True)
    return x / np.where(squares.real > 0, np.sqrt(squares), 1)


class Formula:
    """The losses of a ranker's step on some rows, from its variables.

    Args:
      ranker: the model, in float32.
      rows: the batch.
      loss_weights: of the two outputs.
    """

    def __init__(
        self,
        ranker: Ranker,
        rows: dict[str, np.ndarray],
        features: Any,
        loss_weights: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        self.config: Any = ranker.model_config
        self.parameters = {
            v.name.removesuffix(":0").rpartition("causalint/")[2]: v.numpy().astype(np.complex128)
            for v in ranker.architecture.weights
        }
        self.x = features.flat().numpy().astype(np.complex128)
        self.offset = features.offset.numpy().astype(np.float64)
        self.scenario = rows[SCENARIO_KEY]
        self.own = np.eye(ranker.architecture.scenarios)[self.scenario]
        self.y = np.stack([rows[target_key(name)] for name in OUTPUTS], 1)
        self.w = np.stack([rows[weight_key(name)] for name in OUTPUTS], 1).astype(np.float64)
        self.factors = np.array(loss_weights)
        self.read = np.ones(self.x.shape[1])
        for name in self.config.invariant_without:
            first = ranker.architecture.slots.index(name) * self.config.embedding_dim
            self.read[first : first + self.config.embedding_dim] = 0

    def value(self, name: str) -> np.ndarray:
        return self.parameters[name]

    def layers(self, name: str) -> range:
        return range(sum(key.startswith(f"{name}/dense_") for key in self.parameters) // 2)

    def moving_moments(self, norm: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns the mean and the variance that score, which no gradient passes through.

        One scenario's remembered rows, and four that have the variance of these and four of 1.
        """
        means, variances, rows = (self.value(f"{norm}/{x}") for x in ("means", "variances", "rows"))
        of_all = (rows * variances + PRIOR_ROWS) / (rows + PRIOR_ROWS)
        return means, (rows * variances + PRIOR_ROWS * of_all) / (rows + PRIOR_ROWS)

    def encode(
        self, name: str, x: np.ndarray, training: bool = False
    ) -> tuple[np.ndarray, list[Any]]:
        """Returns z, and what `pulled` needs of every layer.

        Args:
          name: of the encoder.
          x: its inputs.
          training: whether moments over the batch are those of this one.
        """
        passed: list[Any] = []
        hidden = x
        for layer in self.layers(name):
            before = hidden
            if layer:
                hidden = leaky(hidden)
            kernel = self.value(f"{name}/dense_{layer}/kernel")
            hidden = hidden @ kernel + self.value(f"{name}/dense_{layer}/bias")
            scaled, centred, spread = hidden, hidden, None
            if self.config.normalisation == "layer":
                centred = hidden - hidden.mean(-1, keepdims=True)
                spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
            if self.config.normalisation == "batch":
                mean, variance = self.moving_moments(f"{name}/norm_{layer}")
                if training:
                    mean = hidden.mean(0, keepdims=True)
                    variance = ((hidden - mean) ** 2).mean(0, keepdims=True)
                centred, spread = hidden - mean, np.sqrt(variance + 1e-3)
            if spread is not None:
                scaled = centred / spread
                gamma, beta = (self.value(f"{name}/norm_{layer}/{x}") for x in ("gamma", "beta"))
                hidden = gamma * scaled + beta
            passed.append((before, scaled, spread))
        return hidden, passed

    def pulled(self, name: str, passed: list[Any], slopes: np.ndarray) -> np.ndarray:
        """Carries the slopes of z back to x, layer by layer."""
        for layer in reversed(self.layers(name)):
            before, scaled, spread = passed[layer]
            if spread is not None:
                slopes = slopes * self.value(f"{name}/norm_{layer}/gamma")
                if self.config.normalisation == "layer":
                    # A row's own moments depend on it; the moving ones do not.
                    along = (slopes * scaled).mean(-1, keepdims=True)
                    slopes = slopes - slopes.mean(-1, keepdims=True) - scaled * along
                slopes = slopes / spread
            slopes = slopes @ self.value(f"{name}/dense_{layer}/kernel").T
            if layer:
                slopes = slopes * np.where(before.real > 0, 1, 0.2)
        return slopes

    def squared_cosines(self, label: int | None = None) -> np.ndarray:
        """Of every row; with a label, of its logit and not of the loss of all."""
        z, passed = self.encode("invariant", self.x * self.read)
        a, passed_aware = self.encode("scenario_aware", self.x)
        kernel = self.value("invariant_classifier/kernel")
        logits = z @ kernel + self.value("invariant_classifier/bias") + self.offset
        slopes = self.factors * self.w * (sigmoid(logits) - self.y)
        if label is not None:
            slopes = np.ones_like(slopes) * np.eye(len(OUTPUTS))[label]
        first = self.pulled("invariant", passed, direction(slopes) @ kernel.T) * self.read
        second = (self.posterior(a) - self.own) @ self.value("scenario_classifier/kernel").T
        second = self.pulled("scenario_aware", passed_aware, second)
        return (direction(first) * direction(second)).sum(-1) ** 2

    def posterior(self, a: np.ndarray) -> np.ndarray:
        kernel, bias = (self.value(f"scenario_classifier/{x}") for x in ("kernel", "bias"))
        return softmax(a @ kernel + bias)

    def matrices(self, a: np.ndarray, training: bool) -> np.ndarray:
        hidden = leaky(a) @ self.value("generators/kernel") + self.value("generators/bias")
        generated = leaky(hidden)
        if training and self.config.stop_cross_gradient:
            mine = self.own.T[:, :, None]
            generated = mine * generated + (1 - mine) * generated.real
        w = self.config.transfer_width
        return np.einsum("bk,kbo->bo", self.posterior(a), generated).reshape(-1, w, w)

    def predicted(self, step: bool) -> dict[str, np.ndarray]:
        """Returns the log-odds, those of L1 and L3, and every row's gradient in z_inv.

        Args:
          step: whether the inner step is taken, as in training.
        """
        z, _ = self.encode("invariant", self.x * self.read, training=step)
        a, _ = self.encode("scenario_aware", self.x, training=step)
        kernel = self.value("invariant_classifier/kernel")
        first = z @ kernel + self.value("invariant_classifier/bias") + self.offset
        # The step asks whether a label is known, and not what its row weighs.
        rates = (self.factors * self.w > 0) * self.config.inner_rate * step
        slope = rates * (sigmoid(first) - self.y) @ kernel.T
        second_order = self.config.inner_order == "second"
        moved = z - (slope if second_order else slope.real)
        w_of_rows = self.matrices(a, training=step)
        readers, biases = self.value("trans_net/readers/kernel"), "trans_net/readers/bias"
        q = np.einsum("bh,mhw->mbw", leaky(moved), readers) + self.value(biases)
        towers = self.value("towers/last/kernel")[self.scenario, :, :, 0]
        logits = np.einsum("mbi,bij,bmj->bm", q, w_of_rows, towers) + self.offset
        logits = logits + self.value("towers/last/bias")[self.scenario, :, 0, 0]
        # Back from the logits to z'.
        back = self.factors * self.w * (sigmoid(logits) - self.y)
        gradient = np.einsum("bm,bmj,bij,mhi->bh", back, towers, w_of_rows, readers)
        gradient = gradient * np.where(moved.real > 0, 1, 0.2)
        if second_order:
            curvature = rates * sigmoid(first) * sigmoid(-first)
            gradient = gradient - (curvature * (gradient @ kernel)) @ kernel.T
        combined = np.concatenate([z, a], 1) @ self.value("combined_classifier/kernel")
        combined = combined + self.value("combined_classifier/bias") + self.offset
        return {"": logits, "@invariant": first, "@combined": combined, "gradients": gradient}

    def conflict(self, gradients: np.ndarray) -> Any:
        sums = self.own.T @ gradients / len(gradients)
        directions: list[np.ndarray] = []
        found: Any = 0.0
        for one in sums:
            left = one
            for before in directions:
                along = (one * before).sum()
                left, found = left - along * before, found + along**2 / 2
            unit = direction(left)
            directions.append(unit if self.config.conflict_directions == "learned" else unit.real)
        return found

    def losses(self) -> dict[str, Any]:
        """Returns the losses as the step reports them."""
        config, rows = self.config, len(self.x)
        row_weights = self.w[:, 0]
        predicted = self.predicted(step=True)
        found: dict[str, Any] = {}
        for suffix in ("", "@invariant", "@combined"):
            each = self.w * entropy(predicted[suffix], self.y)
            for m, name in enumerate(OUTPUTS):
                found[f"{name}{suffix}"] = each[:, m].sum() / rows
        a, _ = self.encode("scenario_aware", self.x, training=True)
        scenario = -np.log((self.posterior(a) * self.own).sum(1))
        found["scenario"] = config.scenario_weight * (row_weights * scenario).sum() / rows
        cosines = self.squared_cosines()
        found["orthogonality"] = config.orthogonality_weight * (row_weights * cosines).sum() / rows
        found["conflict"] = config.conflict_weight * self.conflict(predicted["gradients"])
        return found

    def loss(self) -> Any:
        """Returns what the step minimises, but for penalties."""
        weights = {"": 1.0, "invariant": self.config.invariant_weight}
        weights["combined"] = self.config.combined_weight
        factors = dict(zip(OUTPUTS, self.factors, strict=True))
        total: Any = 0.0
        for name, value in self.losses().items():
            output, _, suffix = name.partition("@")
            total += value * (weights[suffix] * factors[output] if output in factors else 1.0)
        return total

    def derivative(self, values: np.ndarray, at: Any) -> float:
        """Returns the loss's derivative in entries of a parameter, or of x, that move together."""
        before = values[at].copy()
        values[at] += 1j * STEP
        found = self.loss().imag / STEP
        values[at] = before
        return float(found)
