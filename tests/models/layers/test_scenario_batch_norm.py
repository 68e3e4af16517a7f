import json
import os
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from preloaded import Preloaded

from common.source_digest import ROOT
from models.layers.once_a_step import one_step
from models.layers.scenario_batch_norm import ScenarioBatchNorm

RANDOM = np.random.default_rng(8)
SCENARIO = np.array([0, 2, 2, 0, 2, 1])
ROWS = RANDOM.normal(3.0, 2.0, (6, 4)).astype(np.float32)


def pooled(
    rows: np.ndarray, weights: np.ndarray, mean: np.ndarray, variance: np.ndarray, others: float
) -> tuple[np.ndarray, np.ndarray]:
    """The moments of these rows and of two that have the given moments, each of half the weight."""
    both = np.concatenate([rows, [mean - np.sqrt(variance)], [mean + np.sqrt(variance)]])
    weights = np.concatenate([weights, [others / 2] * 2])
    found = np.average(both, axis=0, weights=weights)
    return found, np.average((both - found) ** 2, axis=0, weights=weights)


class Reference:
    """The moments by pooling rows one by one: what is remembered are weighted rows."""

    def __init__(self, momentum: float, memory_rows: float, prior_rows: float) -> None:
        self._momentum, self._memory, self._prior = momentum, memory_rows, prior_rows
        # By scenario: of all rows so far, with their weights.
        self._seen: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def moving(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        if k not in self._seen:
            return np.zeros(4), np.ones(4)
        rows, weights = self._seen[k]
        mean = np.average(rows, axis=0, weights=weights)
        return mean, np.average((rows - mean) ** 2, axis=0, weights=weights)

    def scoring(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The moments of the scenario's rows and of those that stand for all scenarios'."""
        if not self._prior or not self._seen:
            return self.moving(k)
        rows, weights = (np.concatenate(x) for x in zip(*self._seen.values(), strict=True))
        mean = np.average(rows, axis=0, weights=weights)
        squares = (weights[:, np.newaxis] * (rows - mean) ** 2).sum(0)
        # As many rows that have a variance of 1 by themselves.
        variance = (squares + self._prior) / (weights.sum() + self._prior)
        own, own_weights = self._seen.get(k, (np.zeros((0, 4)), np.zeros(0)))
        return pooled(own, own_weights, mean, variance, self._prior)

    def used(self, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The moments of the batch's rows and of those that stand for the remembered ones."""
        remembered = self._seen[k][1].sum() if k in self._seen else 0.0
        remembered += self._prior if self._seen else 0.0
        return pooled(rows, np.ones(len(rows)), *self.scoring(k), min(self._memory, remembered))

    def add(self, rows: np.ndarray, k: int) -> None:
        old, weights = self._seen.get(k, (np.zeros((0, 4)), np.zeros(0)))
        self._seen[k] = (
            np.concatenate([old, rows]),
            np.concatenate([weights * self._momentum, np.ones(len(rows))]),
        )


def made(scenarios: int = 3, **options: Any) -> ScenarioBatchNorm:
    layer = ScenarioBatchNorm(scenarios, **options)
    layer.build((None, 4))
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(1.0, 0.3, variable.shape))
    return layer


def scaled(layer: ScenarioBatchNorm, rows: np.ndarray, scenario: np.ndarray) -> np.ndarray:
    gammas = [v.numpy() for v in layer.trainable_variables if "gamma" in v.name]
    betas = [v.numpy() for v in layer.trainable_variables if "beta" in v.name]
    for gamma in gammas:
        rows = rows * (gamma[0] if len(gamma) == 1 else gamma[scenario])
    for beta in betas:
        rows = rows + (beta[0] if len(beta) == 1 else beta[scenario])
    return rows


@pytest.mark.parametrize(
    ("shared", "own", "prior_rows"),
    [(False, False, 0.0), (True, False, 2.5), (False, True, 0.0), (True, True, 2.5)],
)
def test_batches_and_scores_are_the_formula(shared: bool, own: bool, prior_rows: float) -> None:
    layer = made(
        momentum=0.8,
        memory_rows=4.0,
        prior_rows=prior_rows,
        epsilon=0.01,
        shared=shared,
        own=own,
    )
    shapes = [(1, 4)] * shared + [(3, 4)] * own
    assert [tuple(v.shape) for v in layer.trainable_variables] == shapes * 2
    reference = Reference(0.8, 4.0, prior_rows)
    random = np.random.default_rng(1)
    for step in range(5):
        # Scenario 1 has one row, and none in some batches.
        scenario = np.where(SCENARIO == 1, step % 2 * 2, SCENARIO) if step else SCENARIO
        rows = random.normal(3.0 + step, 2.0, (6, 4)).astype(np.float32)
        wanted = np.zeros((6, 4))
        for k in np.unique(scenario):
            mean, variance = reference.used(rows[scenario == k], k)
            wanted[scenario == k] = (rows[scenario == k] - mean) / np.sqrt(variance + 0.01)
        for k in np.unique(scenario):
            reference.add(rows[scenario == k], k)
        found = layer(rows, scenario, training=True)
        np.testing.assert_allclose(found, scaled(layer, wanted, scenario), rtol=1e-3, atol=1e-4)
        means, variances = zip(*(reference.moving(k) for k in range(3)), strict=True)
        np.testing.assert_allclose(layer.means, means, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(layer.variances, variances, rtol=1e-3, atol=1e-4)
        means, variances = zip(*(reference.scoring(k) for k in range(3)), strict=True)
        scores = (rows - np.array(means)[scenario]) / np.sqrt(np.array(variances)[scenario] + 0.01)
        np.testing.assert_allclose(
            layer(rows, scenario), scaled(layer, scores, scenario), rtol=1e-3, atol=1e-4
        )


def test_without_memory_it_is_batch_normalisation() -> None:
    layer, keras_layer = made(1, memory_rows=0.0, own=False), keras.layers.BatchNormalization()
    keras_layer.build((None, 4))
    keras_layer.gamma.assign(layer.gammas[0][0])
    keras_layer.beta.assign(layer.betas[0][0])
    rows, none = tf.constant(ROWS), tf.zeros(6, tf.int32)
    for _ in range(2):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(rows)
            totals = [
                tf.reduce_sum(outputs**2 * tf.range(1.0, 7.0)[:, tf.newaxis])
                for outputs in (
                    layer(rows, none, training=True),
                    keras_layer(rows, training=True),
                )
            ]
        found, wanted = (tape.gradient(total, rows) for total in totals)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_gradients_are_the_slopes_of_the_blended_formula() -> None:
    layer = made(memory_rows=4.0)
    layer(ROWS + 1, SCENARIO, training=True)
    factors = RANDOM.normal(size=(6, 4)).astype(np.float32)

    def total(rows: tf.Tensor) -> tf.Tensor:
        with one_step():
            # The moving moments stay where they are.
            layer_state = [v.numpy() for v in layer.non_trainable_variables]
            found = tf.reduce_sum(layer(rows, SCENARIO, training=True) * factors)
            for variable, value in zip(layer.non_trainable_variables, layer_state, strict=True):
                variable.assign(value)
        return found

    rows = tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        loss = total(rows)
    gradient = tape.gradient(loss, rows).numpy()
    for at in [(0, 0), (1, 2), (4, 3), (5, 1)]:
        moved = [ROWS.copy(), ROWS.copy()]
        moved[0][at] += 0.05
        moved[1][at] -= 0.05
        slope = (total(moved[0]) - total(moved[1])).numpy() / 0.1
        assert gradient[at] == pytest.approx(slope, rel=0.03, abs=3e-3)


def test_a_row_trains_the_gamma_and_beta_of_its_scenario_only() -> None:
    layer = made()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(ROWS[:5], SCENARIO[:5], training=True) ** 2)
    variables = [layer.gammas[1], layer.betas[1]]
    for gradient in tape.gradient(total, variables):
        assert np.all(tf.convert_to_tensor(gradient)[1] == 0)
        assert np.all(tf.convert_to_tensor(gradient).numpy()[[0, 2]] != 0)


def test_a_scenario_without_rows_keeps_its_moments_and_one_never_seen_has_0_and_1() -> None:
    layer = made()
    layer(ROWS[:5], SCENARIO[:5], training=True)
    before = [v.numpy() for v in (layer.means, layer.variances, layer.rows)]
    assert np.all(before[0][1] == 0) and np.all(before[1][1] == 1) and before[2][1] == 0
    layer(ROWS[5:], SCENARIO[5:], training=True)
    for variable, value in zip((layer.means, layer.variances, layer.rows), before, strict=True):
        np.testing.assert_array_equal(variable.numpy()[[0, 2]], value[[0, 2]])
    np.testing.assert_allclose(layer.means[1], ROWS[5], rtol=1e-6)


def scored(layer: ScenarioBatchNorm, row: float, scenario: int) -> float:
    return float(layer(np.full((1, 4), row, np.float32), [scenario])[0, 0])


def test_a_scenario_of_one_row_leans_on_the_variance_of_all_by_hand() -> None:
    rows = np.repeat([[1.0], [5.0], [6.0]], 4, axis=1).astype(np.float32)
    layer = made(3, epsilon=0.0, prior_rows=2.0, shared=False, own=False)
    layer(rows, np.array([0, 0, 1]), training=True)
    np.testing.assert_array_equal(layer.variances.numpy()[:, 0], [4, 0, 1])
    # All rows: mean 4, variance 14 / 3; with two of variance 1, (14 + 2) / 5 = 3.2.
    # Scenario 1: one row at 6 and two at 4 of variance 3.2.
    mean, variance = 14 / 3, (2 * 3.2) / 3 + (1 / 3) * (2 / 3) * 4
    assert scored(layer, 7.0, 1) == pytest.approx((7 - mean) / variance**0.5, rel=1e-5)
    # Scenario 0: two rows at 3 of variance 4 and two at 4 of variance 3.2.
    assert scored(layer, 7.0, 0) == pytest.approx((7 - 3.5) / (3.6 + 0.25) ** 0.5, rel=1e-5)
    # Scenario 2 was never seen.
    assert scored(layer, 7.0, 2) == pytest.approx((7 - 4) / 3.2**0.5, rel=1e-5)
    # Without a prior the single row has no variance: whatever is not at 6 is infinitely far.
    bare = made(3, epsilon=1e-3, prior_rows=0.0, shared=False, own=False)
    bare(rows, np.array([0, 0, 1]), training=True)
    assert scored(bare, 7.0, 1) == pytest.approx(1 / 1e-3**0.5, rel=1e-4)
    assert scored(bare, 7.0, 2) == pytest.approx(7 / 1.001**0.5, rel=1e-4)


def test_in_training_a_single_row_leans_on_the_rows_of_all_as_in_scoring_by_hand() -> None:
    layer = made(2, epsilon=0.0, prior_rows=2.0, memory_rows=1.0, shared=False, own=False)
    first = np.repeat([[1.0], [5.0]], 4, axis=1).astype(np.float32)
    # The first batch has no other rows to lean on.
    found = layer(first, np.array([0, 0]), training=True)
    np.testing.assert_allclose(found[:, 0], [-1, 1], rtol=1e-6)
    # Then two rows of scenario 0 are remembered: mean 3, variance 4; of all (8 + 2) / 4 = 2.5.
    found = layer(np.full((1, 4), 6.0, np.float32), np.array([1]), training=True)
    # One row at 6 and, of the two at 3, as many as the memory holds.
    wanted = (6 - 4.5) / (2.5 / 2 + 0.25 * 9) ** 0.5
    assert found.numpy()[0, 0] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("times", [1, 200])
def test_the_one_row_of_a_log_never_has_a_variance_of_0(times: int) -> None:
    layer = made(1, momentum=0.9, epsilon=0.0, memory_rows=0.0, shared=False, own=False)
    row = np.full((1, 4), 3.0, np.float32)
    for _ in range(times):
        layer(row, [0], training=True)
    remembered = (1 - 0.9**times) / (1 - 0.9)
    of_all = 4 / (remembered + 4)
    variance = 4 * of_all / (remembered + 4)
    assert scored(layer, 3.0, 0) == pytest.approx(0, abs=1e-5)
    assert scored(layer, 4.0, 0) == pytest.approx(variance**-0.5, rel=1e-4)


def test_moving_moments_move_once_a_step() -> None:
    layers = [made(shared=False, own=False) for _ in range(2)]

    def step(times: int) -> None:
        with one_step():
            for number in range(times):
                for layer in layers:
                    layer(ROWS + number, SCENARIO, training=True)

    step(3)
    once = [v.numpy() for v in layers[0].weights]
    np.testing.assert_array_equal(once[2][:, 0], [2, 1, 3])
    np.testing.assert_allclose(once[0][2], ROWS[SCENARIO == 2].mean(0), rtol=1e-5)
    for mine, other in zip(once, layers[1].weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    compiled = tf.function(step, autograph=False)
    compiled(2)
    np.testing.assert_allclose(layers[0].rows[:, 0], 1.99 * np.array([2, 1, 3]), rtol=1e-6)
    compiled(2)
    wanted = (0.99 * 1.99 + 1) * np.array([2, 1, 3])
    np.testing.assert_allclose(layers[0].rows[:, 0], wanted, rtol=1e-6)
    # Outside of steps every call counts.
    layers[0](ROWS, SCENARIO, training=True)
    layers[0](ROWS, SCENARIO, training=True)
    wanted = 0.99 * (0.99 * wanted + np.array([2, 1, 3])) + np.array([2, 1, 3])
    np.testing.assert_allclose(layers[0].rows[:, 0], wanted, rtol=1e-6)


def test_xla_computes_the_same_and_half_precision_nearly_so() -> None:
    layers = [made(memory_rows=2.0) for _ in range(3)]
    for layer in layers[1:]:
        layer.set_weights(layers[0].get_weights())
    plain, compiled, half = layers
    step = tf.function(lambda x: compiled(x, SCENARIO, training=True), jit_compile=True)
    for _ in range(2):
        wanted = plain(ROWS, SCENARIO, training=True)
        np.testing.assert_allclose(step(ROWS), wanted, rtol=1e-4, atol=1e-5)
        halved = half(tf.cast(ROWS, tf.float16), SCENARIO, training=True)
        assert halved.dtype == tf.float16
        np.testing.assert_allclose(halved, wanted, atol=0.02)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert {v.dtype for v in half.weights} == {tf.float32}


def test_rows_far_from_zero_keep_their_variance() -> None:
    layer = made(1, shared=False, own=False)
    rows = (1000 + RANDOM.normal(size=(256, 4))).astype(np.float32)
    zeros = np.zeros(256, np.int32)
    for _ in range(2):
        outputs = layer(rows, zeros, training=True).numpy()
    np.testing.assert_allclose(outputs.std(0), 1.0, atol=2e-3)
    np.testing.assert_allclose(layer(rows, zeros), outputs, atol=2e-3)


@pytest.mark.e2e
def test_two_replicas_make_the_steps_of_one(preloaded: Preloaded, tmp_path: pathlib.Path) -> None:
    program = preloaded.start(
        str(pathlib.Path(__file__).with_name("batch_norm_script.py")),
        [],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        out=tmp_path / "out",
        err=tmp_path / "err",
    )
    assert program.wait() == 0, (tmp_path / "err").read_text()[-3000:]
    report = json.loads((tmp_path / "out").read_text().splitlines()[-1])
    assert report["size"] > 0.1
    assert report["outputs"] < 1e-5
    assert report["gradients"] < 1e-5
    assert report["weights"] < 1e-5
