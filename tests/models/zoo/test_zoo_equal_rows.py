"""Equal rows have equal scores, bit by bit, in every architecture."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, taken, task_graph, tensors

from models import registry
from models.datasets.full_batches import STEP, filled

DISTINCT, ROWS = 40, 1_500


@pytest.mark.parametrize("name", registry.names())
def test_wherever_they_stand_and_however_many_there_are(name: str) -> None:
    ranker = make_ranker({"name": name})
    randomise(ranker)
    distinct = batch(DISTINCT, ranker.layout, task_graph(2))
    random = np.random.default_rng(1)
    which = random.integers(0, DISTINCT, ROWS)
    # Batches as Beam makes them: of any size up to the fixed one.
    cuts = np.cumsum(random.integers(1, STEP + 1, ROWS))
    score = tf.function(lambda rows: ranker(rows, training=False), autograph=False)
    found = []
    for part in np.split(which, cuts[cuts < ROWS]):
        scores = score(filled(tensors(taken(distinct, part)), STEP)).values()
        found.append(np.stack([x.numpy()[: len(part)] for x in scores]))
    scores = np.concatenate(found, axis=1)
    assert len(np.unique(scores[0])) > DISTINCT // 2
    first = scores[:, [np.flatnonzero(which == row)[0] for row in range(DISTINCT)]]
    np.testing.assert_array_equal(scores, first[:, which])
