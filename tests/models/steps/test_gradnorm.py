import numpy as np
import pytest
import tensorflow as tf

from models.steps.gradient_rules.gradnorm import START_STEPS, GradNorm

OUTPUTS = ("click", "click_and_action", "conversion")


def made(alpha: float = 0.5, rate: float = 0.01) -> GradNorm:
    kernel = tf.Variable(tf.ones([2, 2]))
    return GradNorm(OUTPUTS, lambda: kernel, alpha, rate)


def test_weights_start_at_one_and_are_no_trainable_variables() -> None:
    balancer = made()
    assert {name: float(w) for name, w in balancer.loss_weights().items()} == dict.fromkeys(
        OUTPUTS, 1
    )
    assert balancer.trainable_variables == []
    assert len(balancer.non_trainable_variables) == 3


def test_steps_are_the_closed_form() -> None:
    """Against the numerical gradient of L_grad, whose target is held constant."""
    balancer = made(alpha=1.5, rate=0.02)
    weights = np.ones(3)
    first = np.array([0.6, 0.3, 0.1])
    random = np.random.default_rng(2)
    steps = [first, first * [0.5, 0.9, 0.7], first * [0.4, 0.7, 0.8]]
    for index, losses in enumerate(steps):
        norms = random.uniform(0.01, 2, 3)
        # All of these steps are among those that the start is the mean of.
        ratio = losses / np.mean(steps[: index + 1], axis=0)
        target = np.mean(weights * norms) * (ratio / ratio.mean()) ** 1.5

        def gradnorm_loss(w: np.ndarray, n: np.ndarray = norms, t: np.ndarray = target) -> float:
            return float(np.abs(w * n - t).sum())

        slope = np.array(
            [gradnorm_loss(weights + d) - gradnorm_loss(weights - d) for d in 1e-7 * np.eye(3)]
        )
        moved = weights - 0.02 * slope / 2e-7 / norms.mean()
        weights = 3 * moved / moved.sum()
        balancer.move(tf.constant(losses, tf.float32), tf.constant(norms, tf.float32))
        np.testing.assert_allclose(balancer.task_weights, weights, rtol=1e-5)
    np.testing.assert_allclose(balancer.initial_losses, np.mean(steps, axis=0), rtol=1e-6)


def test_weights_stay_positive_and_sum_to_the_number_of_losses() -> None:
    balancer = made(rate=0.5)
    random = np.random.default_rng(0)
    for _ in range(50):
        losses, norms = random.uniform(0, 1, 3), random.exponential(1, 3) ** 3
        balancer.move(tf.constant(losses, tf.float32), tf.constant(norms, tf.float32))
        weights = balancer.task_weights.numpy()
        assert weights.sum() == pytest.approx(3, abs=1e-5)
        assert np.all(weights > 0)


def weights_after_steps(scale: float) -> np.ndarray:
    """Three regressions through one kernel; the second one's loss is scaled."""
    random = np.random.default_rng(4)
    kernel = tf.Variable(random.normal(size=(4, 6)).astype(np.float32))
    heads = tf.constant(random.normal(size=(3, 6)).astype(np.float32))
    x = tf.constant(random.normal(size=(64, 4)).astype(np.float32))
    y = tf.constant(random.normal(size=(64, 3)).astype(np.float32))
    balancer = GradNorm(OUTPUTS, lambda: kernel, 0.5, 0.01)
    for _ in range(60):
        with tf.GradientTape(persistent=True) as tape:
            errors = tf.matmul(tf.nn.relu(x @ kernel), heads, transpose_b=True) - y
            losses = [s * tf.reduce_mean(errors[:, i] ** 2) for i, s in enumerate((1, scale, 1))]
        gradients = tf.stack([tape.gradient(loss, kernel) for loss in losses])
        balancer.step(tf.stack(losses), [gradients])
    return balancer.task_weights.numpy()


def test_a_loss_scaled_up_gets_a_smaller_weight() -> None:
    plain, scaled = weights_after_steps(1.0), weights_after_steps(10.0)
    assert scaled[1] < 0.4 * plain[1]
    assert scaled[1] < 0.3 * scaled[[0, 2]].min()


def test_what_is_not_finite_changes_nothing() -> None:
    balancer = made()
    before = [v.numpy() for v in balancer.variables]
    balancer.move(tf.constant([0.1, 0.2, 0.3]), tf.constant([1.0, np.inf, 1.0]))
    balancer.move(tf.constant([0.1, np.nan, 0.3]), tf.constant([1.0, 1.0, 1.0]))
    for value, variable in zip(before, balancer.variables, strict=True):
        np.testing.assert_array_equal(value, variable)


def test_losses_without_rows_and_gradients_of_zero_are_no_fault() -> None:
    balancer = made()
    balancer.move(tf.constant([0.5, 0.0, 0.2]), tf.zeros(3))
    np.testing.assert_array_equal(balancer.task_weights, np.ones(3))
    np.testing.assert_allclose(balancer.initial_losses, [0.5, 0.0, 0.2])
    balancer.move(tf.constant([0.4, 0.3, 0.1]), tf.constant([1.0, 0.0, 2.0]))
    np.testing.assert_allclose(balancer.initial_losses, [0.45, 0.3, 0.15])
    assert np.all(np.isfinite(balancer.task_weights))


def test_an_output_without_rows_is_left_out_of_the_means() -> None:
    balancer = made(alpha=0.0, rate=0.1)
    balancer.move(tf.constant([0.5, 0.0, 0.2]), tf.constant([1.0, 7.0, 3.0]))
    # Over the two others: target 2, slopes -1 and +3, mean norm 2.
    moved = np.array([1 + 0.05, 1, 1 - 0.15])
    np.testing.assert_allclose(balancer.task_weights, 3 * moved / moved.sum(), rtol=1e-6)


def test_the_start_is_the_mean_of_the_first_batches_only() -> None:
    balancer = made()
    norms = tf.ones(3)
    for step in range(START_STEPS):
        balancer.move(tf.constant([1.0, 2.0, float(step)]), norms)
    # The third output had no rows in the first batch.
    positive = np.arange(1, START_STEPS)
    np.testing.assert_allclose(balancer.initial_losses, [1, 2, positive.mean()], rtol=1e-5)
    balancer.move(tf.constant([9.0, 9.0, 100.0]), norms)
    with_one_more = (positive.sum() + 100) / START_STEPS
    np.testing.assert_allclose(balancer.initial_losses, [1, 2, with_one_more], rtol=1e-5)
    balancer.move(tf.constant([9.0, 9.0, 100.0]), norms)
    np.testing.assert_allclose(balancer.initial_losses, [1, 2, with_one_more], rtol=1e-5)


def test_one_loss_keeps_the_weight_one() -> None:
    balancer = GradNorm(("click",), lambda: tf.Variable(0.0), 0.5, 0.1)
    for loss in (0.7, 0.5):
        balancer.move(tf.constant([loss]), tf.constant([2.0]))
        np.testing.assert_allclose(balancer.task_weights, [1.0])
