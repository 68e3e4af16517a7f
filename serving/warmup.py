"""Warm-up requests: what a model server replays before a version becomes available.

The format is TF Serving's: a TFRecord file of PredictionLog messages next to the model.
Source: https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from __future__ import annotations

import logging
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from common.atomic_files import whole_file
from common.errors import PolyrankError
from serving.errors import ModelLoadError, RequestError
from serving.limits import Limits
from serving.loading.loader import LoadedModel, Threads, load
from serving.services.predict import predict
from serving.tensors import write_array

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
MAX_REQUESTS = 1000
"""TF Serving refuses a model with more."""

_NO_LIMITS = Limits(rows=sys.maxsize, elements=sys.maxsize, tensor_bytes=sys.maxsize)


def write_warmup_requests(
    saved_model_dir: str | pathlib.Path,
    model_name: str,
    requests: Sequence[tuple[str, Mapping[str, np.ndarray]]],
) -> str:
    """Writes the warm-up file of a SavedModel, replacing it as a whole.

    Args:
      saved_model_dir: the folder that holds `saved_model.pb`, local or remote.
      model_name: the name the model will be served under.
      requests: the signature of each, and its inputs as arrays.

    Returns:
      The file written.

    Raises:
      PolyrankError: more requests than a model server accepts.
    """
    if len(requests) > MAX_REQUESTS:
        raise PolyrankError(
            f"{len(requests)} warm-up requests for {saved_model_dir}: a model server takes at "
            f"most {MAX_REQUESTS}; write fewer"
        )
    path = f"{os.fspath(saved_model_dir)}/{WARMUP_FILE}"
    with whole_file(path) as unfinished, tf.io.TFRecordWriter(unfinished) as writer:
        for signature_name, inputs in requests:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = model_name
            request.model_spec.signature_name = signature_name
            for name, array in inputs.items():
                write_array(np.asarray(array), request.inputs[name])
            writer.write(log.SerializeToString())
    return path


def read_warmup_requests(
    saved_model_dir: str | pathlib.Path,
) -> Iterator[predict_pb2.PredictRequest]:
    """Yields the Predict requests of a SavedModel's warm-up file; none where it has no file.

    Requests of other kinds (Classify, Regress ...) are passed over with a warning.

    Raises:
      ModelLoadError: the file is damaged or holds more requests than a model server takes.
    """
    path = f"{os.fspath(saved_model_dir)}/{WARMUP_FILE}"
    if not tf.io.gfile.exists(path):
        return
    try:
        # tf.data would start the eager runtime, whose threads then bind every Session.
        for position, record in enumerate(tf.compat.v1.io.tf_record_iterator(path)):
            if position == MAX_REQUESTS:
                raise ModelLoadError(f"{path} holds more than {MAX_REQUESTS} requests")
            log = prediction_log_pb2.PredictionLog.FromString(record)
            kind = log.WhichOneof("log_type")
            if kind == "predict_log":
                yield log.predict_log.request
            else:
                logging.getLogger(__name__).warning(
                    "%s: request %d is a %s; only predict_log is replayed", path, position, kind
                )
    except (tf.errors.OpError, DecodeError) as error:
        raise ModelLoadError(f"{path} can't be read: {error}") from None


def replay(model: LoadedModel, version: int) -> int:
    """Sends the model its own warm-up requests.

    Returns:
      How many there were.

    Raises:
      ModelLoadError: a request fails, as it would stop TF Serving from loading the version.
    """
    count = 0
    for count, request in enumerate(read_warmup_requests(model.path), start=1):
        try:
            predict(model, version, request, _NO_LIMITS)
        except RequestError as error:
            raise ModelLoadError(
                f"{model.path}: warm-up request {count} failed: {error.code.name}: {error}"
            ) from None
    return count


def load_warm(path: pathlib.Path, version: int, threads: Threads) -> LoadedModel:
    """Loads a version and replays its warm-up requests.

    Raises:
      ModelLoadError: it can't be loaded, or a request fails.
    """
    model = load(path, threads)
    try:
        count = replay(model, version)
    except BaseException:
        model.close()
        raise
    logging.getLogger(__name__).info("version %d answered %d warm-up requests", version, count)
    return model
