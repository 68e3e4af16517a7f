"""The logits that AEM2TL's branches start from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from models.initial_biases import RARE
from models.losses.unclicked import Branch


class BranchStarts(keras.layers.Layer):
    """Adds to every branch what it starts from: (logits [B, C], offsets [B, L]) -> [B, C].

    A clicked branch starts from its label's offset, the wide part and the base rate. A
    branch without a click, y3, has a bias alone, which starts at the label's rate in the rows
    without a click. A loss on the total does not say which branch a conversion belongs to: if y3
    starts too low, the other branches learn its conversions; if too high, it learns theirs.

    Args:
      branches: C branches, in the order of the logits.
      labels: L labels, in the order of the offsets.
      rate: where y3 starts; None for the log's own, where `start` has it, else `RARE`.
    """

    def __init__(
        self, branches: Sequence[Branch], labels: Sequence[str], rate: float | None
    ) -> None:
        super().__init__(name="starts", autocast=False)
        self._unclicked = [branch.label for branch in branches if not branch.clicked]
        self._fixed = rate is not None
        self._logit = _logit(rate or RARE)
        clicked = list(labels)
        self._columns = [
            clicked.index(b.label) if b.clicked else len(labels) + self._unclicked.index(b.label)
            for b in branches
        ]
        self.bias = None
        if self._unclicked:
            start = keras.initializers.Constant(self._logit)
            self.bias = self.add_weight("unclicked_bias", (len(self._unclicked),), "float32", start)

    def start(self, logits: Mapping[str, float]) -> None:
        """Sets the biases to the labels' logits, unless there is a rate to start from."""
        if self.bias is not None and not self._fixed:
            self.bias.assign([logits.get(label, self._logit) for label in self._unclicked])

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Returns the logits, float32."""
        logits, starts = inputs
        if self.bias is not None:
            own = tf.broadcast_to(self.bias, [tf.shape(starts)[0], len(self._unclicked)])
            starts = tf.concat([starts, own], axis=1)
        return logits + tf.gather(starts, self._columns, axis=1)


def _logit(rate: float) -> float:
    return math.log(rate / (1 - rate))
