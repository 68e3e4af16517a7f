from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.csii.field_columns import FieldColumns
from models.zoo.multi_scenario.csii.transferable_features import TransferableFeatures

K, P, E, N, B = 3, 4, 2, 1, 6
SCENARIO = np.array([2, 0, 0, 2, 1, 2])
ROWS = np.random.default_rng(0).normal(size=(B, P * E + N)).astype(np.float32)


def made(**options: Any) -> TransferableFeatures:
    layer = TransferableFeatures(K, FieldColumns(P, E, N), **options)
    layer(ROWS, SCENARIO)
    return layer


def randomised(**options: Any) -> TransferableFeatures:
    layer, random = made(**options), np.random.default_rng(1)
    for variable in layer.trainable_weights:
        variable.assign(random.normal(size=variable.shape))
    if layer.prototypes is not None:
        means = random.normal(size=(K, P * E))
        remember(layer, means, random.uniform(0.5, 2, size=(K, P * E)))
    return layer


def remember(layer: TransferableFeatures, means: np.ndarray, variances: np.ndarray) -> None:
    """Gives every scenario's rows these moments."""
    layer.prototypes.means.assign(means)
    layer.prototypes.squares.assign(means**2 + variances)
    layer.prototypes.seen.assign(np.ones((K, 1)))


def places(layer: TransferableFeatures, t: int, p: int, v: np.ndarray) -> np.ndarray:
    means, squares = layer.prototypes.means.numpy(), layer.prototypes.squares.numpy()
    over_all = squares.mean(0) - means.mean(0) ** 2
    variance = 0.9 * (squares[t] - means[t] ** 2) + 0.1 * over_all
    place = slice(p * E, (p + 1) * E)
    return (v - means[t, place]) / np.sqrt(variance[place] + 1e-6)


def moved(layer: TransferableFeatures, s: int, t: int, p: int, v: np.ndarray) -> np.ndarray:
    """psi_{s,t,p}(v) from the layer's variables."""
    found = {w.name.split("/")[-1].split(":")[0]: w.numpy() for w in layer.weights}
    if s == t:
        return v
    if "scale" in found:
        return found["scale"][s, t, p] * v + found["shift"][s, t, p]
    up, down = found["up"][:, s, t, p], found["down"][:, s, t, p]
    return v + sum(u * (d @ v) for u, d in zip(up, down, strict=True))


@pytest.mark.parametrize("reference", ["self", "prototype"])
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("transform", ["diagonal", "low_rank"])
def test_scores_and_rows_are_the_formula(transform: str, distance: str, reference: str) -> None:
    layer = randomised(transform=transform, distance=distance, reference=reference)
    tau = np.log1p(np.exp(layer.temperature.numpy()))
    rows, scores = (x.numpy() for x in layer(ROWS, SCENARIO))
    assert rows.shape == (K, B, P * E + N)
    assert scores.shape == (K, B, P)
    assert np.all((scores > 0) & (scores <= 1 + 1e-6))
    for i, s in enumerate(SCENARIO):
        for t in range(K):
            np.testing.assert_array_equal(rows[t, i, P * E :], ROWS[i, P * E :])
            for p in range(P):
                e = ROWS[i, p * E : (p + 1) * E]
                v = moved(layer, s, t, p, e)
                after, before = v, e
                if reference == "prototype":
                    after, before = places(layer, t, p, v), places(layer, s, p, e)
                delta = np.linalg.norm(after - before)
                if distance == "cosine":
                    length = np.linalg.norm(after) * np.linalg.norm(before)
                    delta = 1 - after @ before / length
                r = 1.0 if s == t else np.exp(-delta / (tau * np.sqrt(E)))
                assert scores[t, i, p] == pytest.approx(r, rel=2e-4, abs=1e-6)
                np.testing.assert_allclose(
                    rows[t, i, p * E : (p + 1) * E], r * v, rtol=1e-3, atol=1e-5
                )


def test_the_own_scenario_is_exact() -> None:
    rows, scores = randomised()(ROWS, SCENARIO)
    mine = np.arange(B)
    assert np.all(scores.numpy()[SCENARIO, mine] == 1)
    np.testing.assert_array_equal(rows.numpy()[SCENARIO, mine], ROWS)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_compared_with_itself_everything_transfers_before_training(distance: str) -> None:
    layer = made(reference="self", distance=distance)
    with tf.GradientTape() as tape:
        rows, scores = layer(ROWS, SCENARIO)
        loss = tf.reduce_sum(rows**2)
    np.testing.assert_allclose(scores, 1, atol=1e-6)
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert all(np.all(np.isfinite(g)) for g in gradients)


def test_a_shift_of_one_field_of_a_scenario_lowers_its_scores_alone() -> None:
    layer = made(reference="prototype")
    means, variances = np.zeros((K, P * E), np.float32), np.ones((K, P * E), np.float32)
    remember(layer, means, variances)
    np.testing.assert_allclose(layer(ROWS, SCENARIO)[1], 1, atol=1e-5)
    means[1, 2 * E : 3 * E] = 5.0
    remember(layer, means, variances)
    scores = layer(ROWS, SCENARIO)[1].numpy()
    shifted = np.zeros((K, B, P), bool)
    shifted[1, SCENARIO != 1, 2] = True
    shifted[[0, 2], np.flatnonzero(SCENARIO == 1), 2] = True
    assert np.all(scores[shifted] < 0.2)
    np.testing.assert_allclose(scores[~shifted], 1, atol=1e-5)


def test_how_far_a_field_spreads_says_nothing() -> None:
    """Fields ten times as large, in all scenarios alike, score the same."""
    layer, random = made(reference="prototype"), np.random.default_rng(6)
    means = random.normal(size=(K, P * E))
    scores = []
    for factor in (1.0, 10.0):
        remember(layer, factor * means, np.full((K, P * E), factor**2))
        scores.append(layer((factor * ROWS).astype(np.float32), SCENARIO)[1].numpy())
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-4)
    assert scores[0].min() < 0.8


def test_far_and_zero_vectors_stay_above_zero_and_finite() -> None:
    for distance in ("euclidean", "cosine"):
        layer = made(distance=distance)
        for factor in (0.0, 1e-30, 1e6):
            rows = tf.constant(ROWS * factor)
            with tf.GradientTape() as tape:
                tape.watch(rows)
                carried, scores = layer(rows, SCENARIO)
            assert np.all((scores.numpy() > 0) & (scores.numpy() <= 1))
            assert np.all(np.isfinite(tape.gradient(carried, rows)))


def test_selection_keeps_the_best_fields_with_the_gradient_of_all() -> None:
    layer, every = randomised(kept_share=0.5), randomised()
    rows, scores = (x.numpy() for x in layer(ROWS, SCENARIO))
    np.testing.assert_array_equal(scores, every(ROWS, SCENARIO)[1])
    for t in range(K):
        for i, s in enumerate(SCENARIO):
            kept = np.abs(rows[t, i, : P * E]).reshape(P, E).sum(1) > 0
            best = np.isin(np.arange(P), np.argsort(scores[t, i])[-2:])
            np.testing.assert_array_equal(kept, np.full(P, True) if s == t else best)

    def temperature_gradient(layer: TransferableFeatures, weights: tf.Tensor) -> float:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(ROWS, SCENARIO)[0] * weights)
        return float(tape.gradient(loss, layer.temperature))

    weights = tf.constant(np.random.default_rng(2).normal(size=rows.shape).astype(np.float32))
    assert temperature_gradient(layer, weights) == pytest.approx(
        temperature_gradient(every, weights), rel=1e-4
    )


@pytest.mark.parametrize("reference", ["self", "prototype"])
def test_one_distribution_with_an_identity_target_transfers_fully(reference: str) -> None:
    """Rows that are alike in all scenarios: the transforms that restore them score 1."""
    row = np.random.default_rng(3).choice([-1.0, 1.0], P * E + N).astype(np.float32)
    rows = np.stack([row] * B)
    layer = made(reference=reference, momentum=0.5)
    random = np.random.default_rng(4)
    layer._transform.scale.assign(1 + random.normal(scale=0.3, size=(K, K, P, E)))
    start = layer(rows, SCENARIO)[1].numpy()
    variables = layer._transform.trainable_variables
    own = tf.one_hot(SCENARIO, K)
    for _ in range(60):
        layer(rows, SCENARIO, training=True)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer._transform(rows, own) - rows) ** 2)
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(10.0 * gradient)
    scores = layer(rows, SCENARIO)[1].numpy()
    assert start.min() < 0.9
    assert scores.min() > 0.98
