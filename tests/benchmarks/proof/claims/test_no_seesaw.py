"""What a model adds to the better of two, by hand."""

import numpy as np

from benchmarks.proof.claims.no_seesaw import gains


def test_a_model_is_held_against_the_better_of_shared_and_alone() -> None:
    shared = np.array([[0.7, 0.6], [0.9, 0.6]])
    alone = np.array([[0.8, 0.5], [0.7, 0.6]])
    model = np.array([[0.75, 0.65], [0.9, 0.6]])
    # Means .8 against .75, and .6 against .55: the shared one in both scenarios.
    np.testing.assert_allclose(gains(model, shared, alone), [[0.05, 0.05], [0, 0]])
