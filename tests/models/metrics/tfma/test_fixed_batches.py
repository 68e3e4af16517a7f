"""A signature that is always called with one number of rows, and the Evaluator that calls it."""

import importlib
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from common.tfx_compat import tfma
from models.metrics.tfma.eval_config import SCORING_MODULE
from models.metrics.tfma.fixed_batches import FixedBatches


class Sensitive(tf.Module):
    """A score that shows how many rows it was made among."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def __call__(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = tf.cast(tf.size(examples), tf.float32)
        return {"click": tf.strings.to_number(examples) + rows / 2**20}


def texts(numbers: np.ndarray) -> tf.Tensor:
    return tf.constant([str(number) for number in numbers])


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 1000])
def test_every_call_has_256_rows_and_none_is_lost(rows: int) -> None:
    module = Sensitive()
    signature = module.__call__.get_concrete_function()
    found = FixedBatches(signature)(texts(np.arange(rows)))
    assert found["click"].numpy().tolist() == (np.arange(rows) + 256 / 2**20).tolist()
    assert signature(texts(np.arange(rows)))["click"][0] == np.float32(rows / 2**20)


def test_no_row_has_no_score() -> None:
    module = Sensitive()
    found = FixedBatches(module.__call__.get_concrete_function())(tf.constant([], tf.string))
    assert found["click"].shape == (0,)


def test_the_evaluators_loader_gives_such_a_model(tmp_path: pathlib.Path) -> None:
    module = Sensitive()
    folder = str(tmp_path / "model")
    tf.saved_model.save(
        module,
        folder,
        signatures={"serving_default": module.__call__, "evaluation_targets": module.__call__},
    )
    config = tfma.EvalConfig(model_specs=[tfma.ModelSpec(name="m", model_type=tfma.TF_GENERIC)])
    shared = importlib.import_module(SCORING_MODULE).custom_eval_shared_model(
        eval_saved_model_path=folder, model_name="m", eval_config=config, add_metrics_callbacks=None
    )
    assert (shared.model_name, shared.model_path) == ("m", folder)
    model = shared.model_loader.load()
    scores, targets = (
        model.signatures[name](texts(np.arange(3)))["click"].numpy()
        for name in ("serving_default", "evaluation_targets")
    )
    assert scores.tolist() == [n + 256 / 2**20 for n in range(3)]
    assert targets.tolist() == [np.float32(n + 3 / 2**20) for n in range(3)]
