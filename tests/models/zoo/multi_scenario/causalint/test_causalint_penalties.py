"""The penalties on gradients: L_orth between representations, L_orth_all between scenarios."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import taken, tensors, weight
from made_causalint import made, made_rows

from models.zoo.multi_scenario.causalint.conflict import conflict, scenario_gradients
from models.zoo.multi_scenario.causalint.orthogonality import squared_cosines


def test_conflict_by_hand() -> None:
    # The second has 4 along the first, and 5 of its own; the third was not in the batch.
    values = tf.Variable([[3.0, 0.0], [4.0, 5.0], [0.0, 0.0]])
    for constant, wanted in (
        (True, [[0, 0], [4, 0], [0, 0]]),
        (False, [[0, 4 * 5 / 3], [4, 0], [0, 0]]),
    ):
        with tf.GradientTape() as tape:
            found = conflict(tf.convert_to_tensor(values), constant)
        assert found.numpy() == pytest.approx(8.0)
        np.testing.assert_allclose(tape.gradient(found, values), wanted, rtol=1e-6, atol=1e-9)
    for none in ([[3.0, 0.0], [0.0, 2.0]], [[0.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]):
        assert conflict(tf.constant(none), True).numpy() == 0
    # The whole of a gradient that those before it span.
    assert conflict(tf.constant([[1.0, 0.0], [2.0, 0.0]]), False).numpy() == pytest.approx(2.0)


def test_conflict_is_the_distance_to_gram_schmidts_vectors() -> None:
    values = np.random.default_rng(3).normal(size=(5, 8))
    q, r = np.linalg.qr(values.T)
    orthogonal = (q * np.diag(r)).T
    wanted = 0.5 * ((values - orthogonal) ** 2).sum()
    found = conflict(tf.constant(values, tf.float32), True).numpy()
    assert found == pytest.approx(wanted, rel=1e-6)
    assert np.abs(orthogonal @ orthogonal.T - np.diag((orthogonal**2).sum(1))).max() < 1e-9


def test_scenarios_gradients_are_sums_over_their_rows_divided_by_all() -> None:
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    own = tf.one_hot([2, 0, 2, 0], 3)
    found = scenario_gradients(rows, own).numpy()
    np.testing.assert_allclose(found, [[2.5, 3.0], [0.0, 0.0], [1.5, 2.0]])


def test_cosines_by_hand_and_without_a_gradient() -> None:
    first = tf.Variable([[3.0, 4.0], [0.0, 0.0], [0.0, -2e-9], [1.0, 0.0]])
    second = tf.constant([[4.0, 3.0], [1.0, 1.0], [0.0, 5.0], [0.0, 1.0]])
    with tf.GradientTape() as tape:
        found = squared_cosines(tf.convert_to_tensor(first), second)
    np.testing.assert_allclose(found, [0.96**2, 0, 1, 0], rtol=1e-6)
    assert np.all(np.isfinite(tape.gradient(found, first)))


def test_extractors_of_different_inputs_are_orthogonal_and_descent_makes_them_so() -> None:
    ranker = made()
    rows = tensors(made_rows())
    features, parts = ranker.features(rows), ranker.architecture._representations
    kernels = [weight(ranker, f"{name}/dense_0/kernel") for name in ("invariant", "scenario_aware")]

    def cosines() -> tf.Tensor:
        slopes = lambda logits: tf.ones_like(logits)  # noqa: E731
        return parts.squared_cosines(features.flat(), features.offset, features.scenario, slopes)

    starts = [kernel.numpy() for kernel in kernels]
    at_first = cosines().numpy()
    assert np.all((at_first >= 0) & (at_first <= 1)) and at_first.mean() > 0.01
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(cosines())
        for kernel, slope in zip(kernels, tape.gradient(loss, kernels), strict=True):
            kernel.assign_sub(0.3 * slope)
    assert cosines().numpy().mean() < 0.7 * at_first.mean()
    half = np.arange(len(starts[0]))[:, None] < 9
    for kernel, start, mask in zip(kernels, starts, (half, ~half), strict=True):
        kernel.assign(start * mask)
    assert np.all(cosines().numpy() == 0)


def test_gradients_of_rows_do_not_mix_under_moments_of_the_batch() -> None:
    ranker = made(normalisation="batch")
    rows = made_rows()
    before = weight(ranker, "invariant/norm_0/means").numpy()
    ranker.train_step(tensors(rows))
    assert np.any(weight(ranker, "invariant/norm_0/means").numpy() != before)

    def cosines(some: dict[str, np.ndarray]) -> np.ndarray:
        features = ranker.features(tensors(some))
        found = ranker.architecture._squared_cosines(features, tf.ones_like)
        return found.numpy()

    whole = cosines(rows)
    for index in ([0, 5, 9], [7]):
        np.testing.assert_allclose(cosines(taken(rows, index)), whole[index], rtol=1e-4, atol=1e-7)
