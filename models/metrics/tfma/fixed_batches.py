"""The Evaluator's models, scoring in batches of one size (`models.datasets.full_batches`).

Beam's batches are as large as its load lets them be, from one row to a thousand. The Evaluator
finds `custom_eval_shared_model` through its `module_path`. The models stay as they are: a version
that was pushed long ago is scored like today's candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from common.names import SERVING_DEFAULT
from common.tfx_compat import tfma
from models.datasets.full_batches import STEP, filled


class FixedBatches:
    """A signature of a SavedModel that is always called with 256 rows.

    Args:
      signature: takes one or more tensors [B, ...] and returns a dict of such.
    """

    def __init__(self, signature: Callable[..., Mapping[str, tf.Tensor]]) -> None:
        self._signature = signature

    @property
    def structured_input_signature(self) -> Any:
        """That of the signature; TFMA reads it."""
        return self._signature.structured_input_signature  # type: ignore[attr-defined]

    def __call__(self, *positional: tf.Tensor, **named: tf.Tensor) -> dict[str, tf.Tensor]:
        """Calls the signature as often as needed; takes and returns [B, ...]."""
        inputs = (positional, named)
        count = int(tf.shape(tf.nest.flatten(inputs)[0])[0])
        if not count:
            return dict(self._signature(*positional, **named))
        parts = []
        for first in range(0, count, STEP):
            some = tf.nest.map_structure(lambda x, at=first: x[at : at + STEP], inputs)
            arguments, columns = filled(some, STEP)
            parts.append(self._signature(*arguments, **columns))
        return {name: tf.concat([part[name] for part in parts], 0)[:count] for name in parts[0]}


class _FixedModel:
    """A loaded model whose scoring signature has `FixedBatches`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.signatures = dict(model.signatures)
        self.signatures[SERVING_DEFAULT] = FixedBatches(self.signatures[SERVING_DEFAULT])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def custom_eval_shared_model(**arguments: Any) -> Any:
    """Returns what TFMA loads a model by; TFX names the function and its arguments."""
    shared = tfma.default_eval_shared_model(**arguments)
    loader = shared.model_loader
    load = loader.construct_fn
    fixed = type(loader)(construct_fn=lambda: _FixedModel(load()), tags=loader.tags)
    return shared._replace(model_loader=fixed)
