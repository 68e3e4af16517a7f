"""Graphs with custom gradients: kept by TensorFlow, and freed where they are released."""

import gc
import weakref

import pytest
import tensorflow as tf
from tensorflow.python.framework import ops

from models.training.released_gradients import released_gradients


@tf.custom_gradient
def doubled_gradient(x):
    return tf.identity(x), lambda upstream: 2 * upstream


def trained() -> weakref.ref:
    """Traces a step that uses it, checks its gradient, and returns the step's graph."""
    variable = tf.Variable(3.0)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = doubled_gradient(variable) ** 2
        return tape.gradient(loss, variable)

    # d(x^2)/dx is 6 at 3, and doubled on its way.
    assert step().numpy() == 12
    return weakref.ref(step.get_concrete_function().graph)


def registered() -> set[str]:
    return set(ops.gradient_registry.list())


def test_tensorflow_keeps_the_graph_without():
    before = registered()
    graph = trained()
    gc.collect()
    assert graph() is not None
    assert all(name.startswith("CustomGradient-") for name in registered() - before)
    assert len(registered() - before) > 0


def test_the_graph_is_freed():
    before = registered()
    graphs = []
    for _ in range(2):
        with released_gradients():
            graphs.append(trained())
    gc.collect()
    assert registered() == before
    assert [graph() for graph in graphs] == [None, None]


def test_gradients_from_before_still_work_and_a_failure_releases_too():
    before = registered()
    kept = trained()
    known = registered()
    with pytest.raises(ValueError, match="a bug"), released_gradients():
        trained()
        raise ValueError("a bug")
    assert registered() == known > before
    assert kept() is not None
