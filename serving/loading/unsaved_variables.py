"""Finds variables that a signature reads and that loading left without a value."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf


def _variables_read(graph: tf.Graph, tensors: Iterable[str]) -> list[tf.Operation]:
    pending = [graph.get_tensor_by_name(name).op for name in tensors]
    seen = set(pending)
    while pending:
        operation = pending.pop()
        for source in (*(tensor.op for tensor in operation.inputs), *operation.control_inputs):
            if source not in seen:
                seen.add(source)
                pending.append(source)
    return [operation for operation in seen if operation.type == "VarHandleOp"]


def unsaved_variables(session: tf.compat.v1.Session, tensors: Iterable[str]) -> list[str]:
    """Names the variables that `tensors` depend on and that hold no value.

    A model server loads such a model without complaint and fails on every request with
    "Could not find variable". `tf.saved_model.save` of a Keras 3 model makes them.

    Args:
      session: the Session of the loaded model.
      tensors: tensor names, such as a signature's outputs.
    """
    variables = _variables_read(session.graph, tensors)
    with session.graph.as_default():
        checks = [
            tf.raw_ops.VarIsInitializedOp(resource=variable.outputs[0]) for variable in variables
        ]
    initialized = session.run(checks)
    return sorted(
        variable.get_attr("shared_name").decode() or variable.name
        for variable, ready in zip(variables, initialized, strict=True)
        if not ready
    )
