"""What stands in where there is no baseline: it scores 0.5 for every output of every row."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from common.names import EVALUATION_TARGETS, SERVING_DEFAULT
from models.features.targets import evaluation_targets
from schemas.contract import Contract

NULL_SCORE = 0.5


def save_null_model(contract: Contract, path: str) -> None:
    """Saves a SavedModel with the signatures `serving_default` and `evaluation_targets`.

    Args:
      contract: names the outputs; each is NULL_SCORE, float32 [B].
      path: the SavedModel's folder.
    """
    module = tf.Module()
    outputs = [output.name for output in contract.tasks.outputs]
    signature = [tf.TensorSpec([None], tf.string, name="examples")]

    @tf.function(input_signature=signature, autograph=False)
    def serving_default(examples: Any) -> dict[str, Any]:
        return {output: tf.fill(tf.shape(examples), NULL_SCORE) for output in outputs}

    @tf.function(input_signature=signature, autograph=False)
    def targets(examples: Any) -> dict[str, Any]:
        return evaluation_targets(contract, examples)

    tf.saved_model.save(
        module,
        path,
        signatures={SERVING_DEFAULT: serving_default, EVALUATION_TARGETS: targets},
    )
