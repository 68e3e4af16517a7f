"""Rules that change gradients, against their formulas in numpy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from models.steps.gradient_rules.gram_schmidt import GramSchmidt, orthogonalised
from models.steps.gradient_rules.pcgrad import PCGrad, projected
from models.steps.gradient_rules.surgery import GradientSurgery

RANDOM = np.random.default_rng(5)


def pcgrad(gradients: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Algorithm 1 on the vectors themselves, [n, D]."""
    total = np.zeros(gradients.shape[1])
    for i, order in enumerate(orders):
        own = gradients[i].astype(float)
        for j in order:
            product = own @ gradients[j]
            if j != i and product < 0:
                own -= product / (gradients[j] @ gradients[j]) * gradients[j]
        total += own
    return total


def stepped(rule: GradientSurgery, gradients: np.ndarray) -> np.ndarray:
    """A step on gradients [n, 10] in variables of the shapes [2, 3] and [4]."""
    shared = [gradients[:, :6].reshape(-1, 2, 3), gradients[:, 6:]]
    losses = tf.zeros(len(gradients))
    first, second = rule.step(losses, [tf.constant(x, tf.float32) for x in shared])
    assert (first.shape, second.shape, first.dtype) == ((2, 3), (4,), tf.float32)
    return np.concatenate([first.numpy().ravel(), second.numpy()])


def none() -> list[tf.Variable]:
    return []


def test_two_conflicting_gradients_by_hand() -> None:
    gradients = np.zeros((2, 10))
    gradients[0, 0], gradients[1, [0, 6]] = 1, (-1, 1)
    # (1, 0) and (-1, 1) become (.5, .5) and (0, 1).
    wanted = np.zeros(10)
    wanted[[0, 6]] = 0.5, 1.5
    np.testing.assert_allclose(stepped(PCGrad("ab", none), gradients), wanted, atol=1e-6)
    # The second loses all that it has along the first: (1, 0) and (0, 1).
    wanted[[0, 6]] = 1, 1
    np.testing.assert_allclose(stepped(GramSchmidt("ab", none), gradients), wanted, atol=1e-6)


def test_pcgrad_is_the_papers_algorithm_in_any_order() -> None:
    for _ in range(5):
        gradients = RANDOM.normal(size=(5, 8)) + RANDOM.normal(size=8)
        orders = np.stack([RANDOM.permutation(5) for _ in range(5)])
        factors = projected(tf.constant(gradients @ gradients.T), tf.constant(orders, tf.int32))
        np.testing.assert_allclose(factors.numpy() @ gradients, pcgrad(gradients, orders))


def test_every_step_draws_an_order_and_the_count_of_steps_says_which() -> None:
    gradients = RANDOM.normal(size=(3, 10)).astype(np.float32)
    gradients[2] -= gradients[:2].sum(axis=0)  # All three conflict.
    orders = itertools.product(itertools.permutations(range(3)), repeat=3)
    possible = np.unique([pcgrad(gradients, x).round(5) for x in orders], axis=0)
    assert len(possible) > 3
    rule, again = PCGrad("abc", none), PCGrad("abc", none)
    seen = np.stack([stepped(rule, gradients) for _ in range(10)])
    nearest = np.abs(seen[:, None] - possible).max(axis=2)
    assert nearest.min(axis=1).max() < 1e-4
    assert len(set(nearest.argmin(axis=1))) > 3
    assert rule.steps.numpy() == 10
    again.steps.assign(7)
    np.testing.assert_array_equal(stepped(again, gradients), seen[7])


def test_gradients_without_conflict_are_summed() -> None:
    gradients = np.abs(RANDOM.normal(size=(4, 10)))
    found = stepped(PCGrad("abcd", none), gradients)
    np.testing.assert_allclose(found, gradients.sum(axis=0), rtol=1e-6)


def test_gram_schmidt_is_the_qr_decomposition() -> None:
    gradients = RANDOM.normal(size=(4, 10))
    # q of numpy is b_i / |b_i| up to its sign.
    q, _ = np.linalg.qr(gradients.T)
    basis = q.T * np.sum(q.T * gradients, axis=1, keepdims=True)
    rows = orthogonalised(tf.constant(gradients @ gradients.T)).numpy()
    np.testing.assert_allclose(rows @ gradients, basis, atol=1e-12)
    np.testing.assert_allclose(rows, np.tril(rows))
    found = stepped(GramSchmidt("abcd", none), gradients)
    np.testing.assert_allclose(found, basis.sum(axis=0), atol=1e-6)


def test_gradients_that_are_spanned_already_add_nothing() -> None:
    first, third = RANDOM.normal(size=(2, 10))
    gradients = np.stack([first, -3 * first, third, first + third])
    found = stepped(GramSchmidt("abcd", none), gradients)
    wanted = stepped(GramSchmidt("ab", none), gradients[[0, 2]])
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("rule", [PCGrad, GramSchmidt])
def test_a_part_without_rows_changes_nothing(rule: type[GradientSurgery]) -> None:
    gradients = np.stack([np.zeros(10), *RANDOM.normal(size=(2, 10)), np.zeros(10)])
    found = stepped(rule("abcd", none), gradients)
    np.testing.assert_allclose(found, stepped(rule("ab", none), gradients[1:3]), atol=1e-6)
    np.testing.assert_array_equal(stepped(rule("abcd", none), np.zeros((4, 10))), np.zeros(10))


@pytest.mark.parametrize("rule", [PCGrad, GramSchmidt])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_does_not_become_finite(
    rule: type[GradientSurgery], value: float
) -> None:
    gradients = RANDOM.normal(size=(3, 10))
    gradients[1] = value
    assert not np.isfinite(stepped(rule("abc", none), gradients)).any()


@pytest.mark.parametrize("rule", [PCGrad, GramSchmidt])
def test_one_part_is_left_as_it_is(rule: type[GradientSurgery]) -> None:
    gradients = RANDOM.normal(size=(1, 10)) * 1e-15
    np.testing.assert_allclose(stepped(rule("a", none), gradients), gradients[0], rtol=1e-6)
