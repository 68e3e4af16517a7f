"""STAR, HiNet, PEPNet and AESM2 are scored by the loader of a model server as they were saved."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, taken, task_graph, tensors


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["star", "hinet", "pepnet", "aesm2"])
def test_a_saved_model_scores_batches_of_any_size(name: str, tmp_path: pathlib.Path) -> None:
    ranker = make_ranker({"name": name, "embedding_dim": 4})
    randomise(ranker, scale=0.1)
    rows = batch(30, ranker.layout, task_graph(2))
    columns = {key: tf.TensorSpec([None], x.dtype, key) for key, x in tensors(rows).items()}

    def score(**columns: tf.Tensor) -> dict[str, tf.Tensor]:
        return ranker(columns, training=False)

    function = tf.function(score, autograph=False).get_concrete_function(**columns)
    # The variables alone: of a model Keras would trace every layer.
    module = tf.Module()
    module.weights = list(function.variables)
    tf.saved_model.save(module, str(tmp_path), function)
    expected = {output: x.numpy() for output, x in ranker(tensors(rows)).items()}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path))
        served = graph.signature_def["serving_default"]
        read = {key: info.name for key, info in served.inputs.items()}
        wanted = {output: info.name for output, info in served.outputs.items()}
        assert set(wanted) == set(expected)
        for chosen in (slice(None), slice(7, 8)):
            part = taken(rows, chosen)
            found = session.run(wanted, {at: part[key] for key, at in read.items()})
            for output, scores in found.items():
                np.testing.assert_allclose(scores, expected[output][chosen], rtol=0, atol=1e-6)
