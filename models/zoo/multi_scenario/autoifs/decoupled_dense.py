"""Consecutive dense layers, shared and with low-rank private parts."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras

from models.zoo.multi_scenario.autoifs.low_rank_dense import LowRankDense


class DecoupledDense(keras.layers.Layer):
    """Layers whose kernels are ``W + A[n] B[n]``, seen as a shared and a private function.

    With h the layers' shared kernels alone and f_n those with member n's low-rank part
    added, ReLU between the layers and none after the last,

        shared(x) = h(x),  private_n(x) = f_n(x) - h(x)

    Of one layer, the depth that the paper and its code describe, private_n is the LoRA unit
    itself, ``x A[n] B[n] + b[n]`` (AutoIFS, WSDM 2026). For more layers the difference is
    our choice: it too is exactly zero while B is, yet has gradients at every depth, which a
    chain of low-rank units alone (a product of zeros at first) would never get.

    The shared kernels are Glorot normal (Keras's, truncated), the biases zero. The last
    layer computes in float32 in any precision: private parts are small next to shared ones.

    Args:
      members: number of private parts: the scenarios or the labels.
      units: widths of the layers, at least one.
      rank: r of the private parts.
      last_bias: whether the last layer has biases.
      kernel_l2: weight of the squared norms of W, A and B.
    """

    def __init__(
        self,
        members: int,
        units: tuple[int, ...],
        rank: int,
        last_bias: bool = True,
        kernel_l2: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._shared: list[keras.layers.Layer] = []
        self._private: list[LowRankDense] = []
        for index, width in enumerate(units):
            last = index == len(units) - 1
            dtype, use_bias = ("float32", last_bias) if last else (None, True)
            self._shared.append(
                keras.layers.Dense(
                    width,
                    use_bias=use_bias,
                    kernel_initializer=keras.initializers.GlorotNormal(),
                    kernel_regularizer=keras.regularizers.L2(kernel_l2) if kernel_l2 else None,
                    name=f"{self.name}_shared_{index}",
                    dtype=dtype,
                )
            )
            self._private.append(
                LowRankDense(
                    members,
                    width,
                    rank,
                    kernel_l2,
                    use_bias,
                    name=f"{self.name}_private_{index}",
                    dtype=dtype,
                )
            )

    @property
    def linear(self) -> bool:
        """Whether both functions are linear: one layer."""
        return len(self._shared) == 1

    def shared(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns shared, float32 [B, out], of inputs [B, in], without any private part."""
        hidden = self._shared[0](inputs)
        for dense in self._shared[1:]:
            hidden = dense(tf.nn.relu(hidden))
        return hidden

    def private(
        self,
        inputs: tf.Tensor,
        own: tf.Tensor | None = None,
        members: Sequence[int] | None = None,
    ) -> tf.Tensor:
        """Applies private parts; of one layer it reads no shared kernel.

        Args:
          inputs: [B, in].
          own: see `LowRankDense`: one-hot members [B, members] for float32 [B, out].
          members: else those wanted, or None for all: float32 [members, B, out].
        """
        if self.linear:
            return self._private[0](inputs, own=own, members=members)
        return self(inputs, own=own, members=members)[1]

    def call(
        self,
        inputs: tf.Tensor,
        own: tf.Tensor | None = None,
        members: Sequence[int] | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns shared(x) and private_n(x); see `private` for the arguments."""
        shared = self._shared[0](inputs)
        private = self._private[0](inputs, own=own, members=members)
        for dense, low_rank in zip(self._shared[1:], self._private[1:], strict=True):
            adapted = tf.nn.relu(shared + private)
            base = dense(tf.nn.relu(shared))
            changed = low_rank(adapted, own=own, members=members)
            private = dense(adapted) - base + changed
            shared = base
        return shared, private
