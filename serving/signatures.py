"""What a SavedModel's signatures take and give, as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tensorflow.core.protobuf import meta_graph_pb2

from serving.tensors import dtype_name

_SERVING_METHODS = frozenset(
    f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress")
)


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
      dtype: the `DataType`'s name, such as `float32` or `string`.
      shape: sizes, None where any size will do; None as a whole where the rank is unknown.
      tensor: the graph's tensor, such as `serving_default_examples:0`.
    """

    dtype: str
    shape: tuple[int | None, ...] | None
    tensor: str

    @property
    def any_rows(self) -> bool:
        """Whether the first dimension is a count of rows that the request chooses."""
        return self.shape is not None and self.shape[:1] == (None,)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of `shape` fits."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            wanted is None or wanted == got for wanted, got in zip(self.shape, shape, strict=True)
        )

    def shape_text(self) -> str:
        """The shape as text: `[?, 3]`."""
        if self.shape is None:
            return "[...]"
        return f"[{', '.join('?' if size is None else str(size) for size in self.shape)}]"


@dataclasses.dataclass(frozen=True)
class SignatureSpec:
    """A signature's inputs and outputs by name, in alphabetical order."""

    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]


def _tensor_spec(info: meta_graph_pb2.TensorInfo) -> TensorSpec:
    shape = None
    if not info.tensor_shape.unknown_rank:
        shape = tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)
    return TensorSpec(dtype_name(info.dtype), shape, info.name)


def signature_spec(definition: meta_graph_pb2.SignatureDef) -> SignatureSpec:
    """Reads a SignatureDef."""
    return SignatureSpec(
        {name: _tensor_spec(definition.inputs[name]) for name in sorted(definition.inputs)},
        {name: _tensor_spec(definition.outputs[name]) for name in sorted(definition.outputs)},
    )


def can_be_called(definition: meta_graph_pb2.SignatureDef) -> bool:
    """Whether requests may name it; a SavedModel has others, such as `__saved_model_init_op`."""
    return definition.method_name in _SERVING_METHODS and bool(definition.outputs)
