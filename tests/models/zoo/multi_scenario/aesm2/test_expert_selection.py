import math

import numpy as np
import pytest
import tensorflow as tf
from aesm2_formula import chosen

from models.zoo.multi_scenario.aesm2.expert_selection import Selection, selection

B, G, N = 9, 4, 6


def selected(
    scores: np.ndarray, own: np.ndarray, specific: int, shared: int, noise: float | np.ndarray = 0.0
) -> Selection:
    """Of scores [G, B, N] and rows' own gates [B]."""
    z = tf.constant(scores, tf.float32)
    mask = tf.transpose(tf.one_hot(own, scores.shape[0]))[..., tf.newaxis]
    return selection(z, mask, z + tf.constant(noise, tf.float32), specific, shared)


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(G, B, N)), np.arange(B) % G


@pytest.mark.parametrize("tops", [(1, 1), (2, 1), (1, 3), (2, 0), (0, 2), (N, 1)])
def test_it_is_what_the_divergences_say(tops: tuple[int, int]) -> None:
    scores, own = drawn()
    found = selected(scores, own, *tops)
    for row in range(B):
        wanted = chosen(scores[:, row], own[row], *tops)
        for part, values in found._asdict().items():
            value, exact = values.numpy()[row], getattr(wanted, part)
            np.testing.assert_allclose(value, exact, rtol=0, atol=1e-6, err_msg=part)
        left = (found.specific.numpy()[row] + found.shared.numpy()[row]) == 0
        assert np.all(found.weights.numpy()[row][left] == 0)
    np.testing.assert_allclose(found.weights.numpy().sum(1), 1, atol=1e-6)
    assert np.all(found.specific.numpy().sum(1) == tops[0])
    assert np.all(found.shared.numpy().sum(1) == tops[1])


def test_an_example_by_hand() -> None:
    """Expert 0 is gate 0's, expert 2 is gate 1's, and expert 1 is divided equally."""
    nine = math.log(9)
    scores = np.array([[[nine, 0, 0]] * 2, [[0, 0, nine]] * 2])
    found = selected(scores, np.array([0, 1]), 1, 1)
    np.testing.assert_array_equal(found.specific, [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(found.shared, [[0, 1, 0], [0, 1, 0]])
    np.testing.assert_allclose(found.weights, [[0.9, 0.1, 0], [0, 0.1, 0.9]], atol=1e-6)
    np.testing.assert_allclose(found.specific_divergence, [-math.log(0.9)] * 2, rtol=1e-5)
    np.testing.assert_allclose(found.shared_divergence, [0, 0], atol=1e-6)


def test_negative_scores_give_nothing_to_experts_that_are_not_selected() -> None:
    """Public code multiplies them by -1e9, by which they become the largest."""
    scores, own = drawn()
    scores -= 10
    found = selected(scores, own, 1, 1)
    kept = (found.specific + found.shared).numpy() > 0
    weights = found.weights.numpy()
    assert np.all(weights[~kept] == 0)
    np.testing.assert_allclose(np.where(kept, weights, 0).sum(1), 1, atol=1e-6)
    # What such a product makes of the same scores, so that the rows are known to show it.
    own_scores = scores[own, np.arange(B)]
    product = own_scores * np.where(kept, 1.0, -1e9)
    assert not np.any(kept[np.arange(B), product.argmax(1)])


def test_an_expert_that_is_selected_twice_is_mixed_once() -> None:
    found = selected(np.zeros([3, 2, 4]), np.array([0, 2]), 1, 1)
    np.testing.assert_array_equal(found.weights, [[1, 0, 0, 0]] * 2)
    np.testing.assert_allclose(found.specific_divergence, [math.log(3)] * 2, rtol=1e-6)
    np.testing.assert_allclose(found.shared_divergence, [0, 0], atol=1e-6)


def test_all_experts_are_a_plain_softmax_gate() -> None:
    scores, own = drawn()
    powers = np.exp(scores[own, np.arange(B)])
    wanted = powers / powers.sum(1, keepdims=True)
    np.testing.assert_allclose(selected(scores, own, N, 1).weights, wanted, atol=1e-6)
    # One gate has nothing to select by, whatever the tops.
    alone = selected(scores[:1], np.zeros(B, int), 1, 1)
    powers = np.exp(scores[0])
    np.testing.assert_allclose(alone.weights, powers / powers.sum(1, keepdims=True), atol=1e-6)
    assert np.all(alone.specific_divergence.numpy() == 0)
    assert np.all(alone.shared_divergence.numpy() == 0)


def test_noise_decides_which_experts_and_not_how_they_are_mixed() -> None:
    scores, own = drawn()
    noise = np.random.default_rng(1).normal(size=scores.shape)
    found = selected(scores, own, 1, 1, noise)
    moved = 0
    for row in range(B):
        wanted = chosen(scores[:, row] + noise[:, row], own[row], 1, 1)
        np.testing.assert_array_equal(found.specific[row], wanted.specific)
        np.testing.assert_array_equal(found.shared[row], wanted.shared)
        divergences = (found.specific_divergence[row], found.shared_divergence[row])
        np.testing.assert_allclose(divergences, wanted[3:], rtol=1e-5)
        powers = np.exp(scores[own[row], row]) * (wanted.specific | wanted.shared)
        np.testing.assert_allclose(found.weights[row], powers / powers.sum(), atol=1e-6)
        quiet = chosen(scores[:, row], own[row], 1, 1)
        moved += not np.array_equal(wanted.specific, quiet.specific)
    assert moved > 0


def test_weights_train_what_is_selected_and_divergences_train_all_gates() -> None:
    scores, own = drawn()
    z = tf.constant(scores, tf.float32)
    mask = tf.transpose(tf.one_hot(own, G))[..., tf.newaxis]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        found = selection(z, mask, z, 1, 2)
        squares = tf.reduce_sum(tf.square(found.weights))
        to_own = tf.reduce_sum(found.specific_divergence)
        to_all = tf.reduce_sum(found.shared_divergence)
    kept = (found.specific + found.shared).numpy() > 0
    of_weights = tape.gradient(squares, z).numpy()
    for row, k in enumerate(own):
        assert np.all(of_weights[np.arange(G) != k, row] == 0)
        assert np.all(of_weights[k, row][~kept[row]] == 0)
        # Two and more are mixed, with unequal weights: their gradients can't all be 0.
        assert np.any(of_weights[k, row][kept[row]] != 0) == (kept[row].sum() > 1)
    powers = np.exp(scores)
    shares = powers / powers.sum(0)
    one_hot = np.eye(G)[own].T[..., np.newaxis]
    # d KL(p || softmax(z)) / dz = softmax(z) - p, of the selected experts alone.
    wanted = found.specific.numpy() * (shares - one_hot)
    np.testing.assert_allclose(tape.gradient(to_own, z), wanted, atol=1e-6)
    wanted = found.shared.numpy() / 2 * (shares - 1 / G)
    np.testing.assert_allclose(tape.gradient(to_all, z), wanted, atol=1e-6)
