"""Loads a SavedModel the way TF Serving does: graph, variables, tables, one Session.

The Python loader of TensorFlow 2 rebuilds objects and thereby accepts models that no
model server can load, such as a Keras 3 model saved by `tf.saved_model.save`. Only the
Session loader shares TF Serving's view.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from serving.errors import ModelLoadError
from serving.loading.unsaved_variables import unsaved_variables
from serving.signatures import SignatureSpec, can_be_called, signature_spec

# Every set of outputs costs a pruned graph; clients use one or two.
_CALLABLES_KEPT = 16


@dataclasses.dataclass(frozen=True)
class Threads:
    """A Session's threads.

    Attributes:
      intra_op: threads within one op. With more than one a small ranking model loses
        more in handing over work than it gains.
      inter_op: threads over ops; -1 runs a request in the thread that received it.
    """

    intra_op: int = 1
    inter_op: int = -1


class Signature:
    """One signature of a loaded model, ready to run from many threads at once."""

    def __init__(self, session: tf.compat.v1.Session, spec: SignatureSpec) -> None:
        self.spec = spec
        self._session = session
        self._callables: dict[tuple[str, ...], Callable[..., list[np.ndarray]]] = {}
        self._making = threading.Lock()

    def _callable(self, tensors: tuple[str, ...]) -> Callable[..., list[np.ndarray]]:
        """Returns what computes `tensors`; first callers at the same time wait for one of them."""
        found = self._callables.get(tensors)
        if found is None:
            with self._making:
                found = self._callables.get(tensors)
                if found is None:
                    while len(self._callables) >= _CALLABLES_KEPT:
                        del self._callables[next(iter(self._callables))]
                    found = self._callables[tensors] = self._make_callable(tensors)
        return found

    def _make_callable(self, tensors: tuple[str, ...]) -> Callable[..., list[np.ndarray]]:
        options = config_pb2.CallableOptions(
            feed=[spec.tensor for spec in self.spec.inputs.values()], fetch=tensors
        )
        return self._session._make_callable_from_options(options)

    def run(
        self, inputs: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        """Computes the `outputs` (all where none is named).

        Args:
          inputs: an array for every input of the signature, of its dtype.
          outputs: names of outputs of the signature.

        Raises:
          tf.errors.OpError: the graph refused the values.
        """
        wanted = {name: self.spec.outputs[name].tensor for name in outputs or self.spec.outputs}
        # Two outputs may share a tensor, and the order in which they are named is of no matter.
        tensors = tuple(sorted(set(wanted.values())))
        try:
            values = self._callable(tensors)(*[inputs[name] for name in self.spec.inputs])
        except UnicodeDecodeError as error:
            # The op's message quotes a value that is no UTF-8, so TensorFlow can't raise it.
            text = bytes(error.object).decode(errors="replace")
            raise tf.errors.InvalidArgumentError(None, None, text) from None
        by_tensor = dict(zip(tensors, values, strict=True))
        return {name: by_tensor[tensor] for name, tensor in wanted.items()}


class LoadedModel:
    """A SavedModel in a Session.

    Attributes:
      path: the SavedModel's folder.
      definitions: the SignatureDefs as saved.
      signatures: those of them that can be run, by name.
    """

    def __init__(
        self,
        path: str,
        session: tf.compat.v1.Session,
        definitions: Mapping[str, meta_graph_pb2.SignatureDef],
    ) -> None:
        self.path = path
        self.definitions = dict(definitions)
        self.signatures = {
            name: Signature(session, signature_spec(definition))
            for name, definition in self.definitions.items()
            if can_be_called(definition)
        }
        self._session = session

    def close(self) -> None:
        """Frees the Session; no signature may be running."""
        self._session.close()


def _reason(error: Exception) -> str:
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    return text.split("\n\nOriginal stack trace", 1)[0].strip() or type(error).__name__


def _check(model: LoadedModel, session: tf.compat.v1.Session) -> None:
    if not model.signatures:
        raise ModelLoadError(f"{model.path} has no signature to serve; save it with `signatures=`")
    for name, signature in model.signatures.items():
        tensors = {spec.tensor for spec in signature.spec.outputs.values()}
        unsaved = unsaved_variables(session, tensors)
        if unsaved:
            raise ModelLoadError(
                f"{model.path}: the signature '{name}' reads {len(unsaved)} variables that were "
                f"not saved ({', '.join(unsaved[:3])} ...); a Keras 3 model must be written by "
                "`keras.export.ExportArchive`, or built with tf_keras"
            )


def load(path: str | os.PathLike[str], threads: Threads | None = None) -> LoadedModel:
    """Loads the SavedModel in the folder `path` (local or remote), its variables, tables, assets.

    Raises:
      ModelLoadError: it can't be loaded, holds no signature, or has a signature
        that reads variables which were not saved.
    """
    path = os.fspath(path)
    threads = threads or Threads()
    config = config_pb2.ConfigProto(
        intra_op_parallelism_threads=threads.intra_op,
        inter_op_parallelism_threads=threads.inter_op,
    )
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph, config=config)
    try:
        with graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], path)
    # A damaged SavedModel surfaces as OpError, OSError, ValueError, KeyError, DecodeError ...:
    # whatever it is, this model can't be served, and the caller has to know why.
    except Exception as error:
        session.close()
        raise ModelLoadError(
            f"{path} can't be loaded by TF Serving's loader: {_reason(error)}"
        ) from error
    try:
        model = LoadedModel(path, session, meta_graph.signature_def)
        _check(model, session)
    except BaseException:
        session.close()
        raise
    logging.getLogger(__name__).info("loaded %s: %s", path, ", ".join(sorted(model.signatures)))
    return model
