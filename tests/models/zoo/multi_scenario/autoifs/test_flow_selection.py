import numpy as np
import tensorflow as tf

from models.zoo.multi_scenario.autoifs.flow_selection import FlowSelection

INPUTS = np.random.default_rng(4).normal(size=(5, 6)).astype(np.float32)


def test_scores_are_a_perceptron_and_a_head_a_label() -> None:
    layer = FlowSelection(3, 4, (7,), zero_heads=False)
    found = layer(tf.constant(INPUTS)).numpy()
    kernel, bias, heads, head_bias = (v.numpy() for v in layer.trainable_variables)
    hidden = np.maximum(INPUTS @ kernel + bias, 0)
    assert found.shape == (5, 3, 4)
    for label in range(3):
        block = slice(4 * label, 4 * label + 4)
        wanted = hidden @ heads[:, block] + head_bias[block]
        np.testing.assert_allclose(found[:, label], wanted, rtol=1e-4, atol=1e-6)


def test_its_input_gets_no_gradient() -> None:
    layer, inputs = FlowSelection(1, 4, (7,), zero_heads=False), tf.constant(INPUTS)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(layer(inputs) ** 2)
    first, *others = tape.gradient(loss, [inputs, *layer.trainable_variables])
    assert first is None
    assert all(np.any(g.numpy() != 0) for g in others)


def test_zero_heads_are_undecided() -> None:
    assert np.all(FlowSelection(2, 4, (7,))(tf.constant(INPUTS)).numpy() == 0)


def test_the_papers_size() -> None:
    layer = FlowSelection(2, 4, (1024, 512))
    layer(tf.zeros([1, 128]))
    assert sum(v.shape.num_elements() for v in layer.weights) == 661_000
