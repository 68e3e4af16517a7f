import weakref

import pytest
import tensorflow as tf

from cli.runs.memory import released_memory


class Node:
    """An object in a cycle."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_left_in_cycles_is_freed_at_the_end():
    with released_memory():
        node = weakref.ref(Node())
    assert node() is None


def test_an_error_passes_through_and_frees_too():
    with pytest.raises(ValueError, match="a bug"), released_memory():
        node = weakref.ref(Node())
        raise ValueError("a bug")
    assert node() is None


def test_what_is_still_used_stays():
    with released_memory():
        model = tf.function(lambda x: 2 * x)
        model(tf.constant(1.0))
    assert model(tf.constant(3.0)).numpy() == 6
