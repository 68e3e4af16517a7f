"""gRPC handlers that read the request's bytes themselves.

gRPC's own deserialisation answers bytes that are no message with INTERNAL, and keeps some of
each such request's memory for good.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message

from serving.errors import RequestError, TensorError
from serving.services.inputs import invalid

_LOG = logging.getLogger(__name__)
_LARGE_BYTES = 2**20
_SMALL_MESSAGE_BYTES = 2**16


def check_is_small(body: bytes) -> None:
    """Refuses a request of more than 64 KiB, where a request consists of a few names.

    Raises:
      RequestError: RESOURCE_EXHAUSTED, as gRPC has it.
    """
    if len(body) > _SMALL_MESSAGE_BYTES:
        raise RequestError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"Received message larger than max ({len(body)} vs. {_SMALL_MESSAGE_BYTES})",
        )


@dataclasses.dataclass(frozen=True)
class Method:
    """One method of a service.

    Attributes:
      kind: the type of its requests.
      check: looks at a request's bytes before they are read; raises RequestError or TensorError.
      answer: makes the response, or raises RequestError.
      pool: the threads that wait for its requests and answer them; the server's where None.
    """

    kind: type[Any]
    check: Callable[[bytes], None]
    answer: Callable[[Any], Message]
    pool: futures.ThreadPoolExecutor | None = None


class _Reader:
    """Reads requests, large ones one at a time: they take most memory while they are read."""

    def __init__(self) -> None:
        self._large = threading.Lock()

    def read(self, method: Method, body: bytes) -> Message:
        """Returns the message in `body`.

        Raises:
          RequestError: INVALID_ARGUMENT where it is not one; what the method's check raises.
        """
        if len(body) > _LARGE_BYTES:
            with self._large:
                return self._parse(method, body)
        return self._parse(method, body)

    def _parse(self, method: Method, body: bytes) -> Message:
        try:
            method.check(body)
        except TensorError as error:
            raise invalid(str(error)) from None
        request = method.kind()
        try:
            # Some releases of protobuf warn where a group ends that never began, and stop.
            whole = request.MergeFromString(body) == len(body)
        except DecodeError:
            whole = False
        if whole:
            return request
        name = method.kind.DESCRIPTOR.full_name
        raise invalid(f"the request's {len(body)} bytes can't be read as {name}")


def service(
    name: str, methods: Mapping[str, Method], client_text: Callable[[str], str]
) -> grpc.GenericRpcHandler:
    """Makes the handler of a service; methods that are not named are UNIMPLEMENTED.

    Args:
      name: the service's full name, such as `tensorflow.serving.ModelService`.
      methods: by name.
      client_text: turns an error's text into what clients may read.
    """
    reader = _Reader()
    handlers = {
        method_name: grpc.unary_unary_rpc_method_handler(
            _behavior(f"{name}/{method_name}", reader, method, client_text)
        )
        for method_name, method in methods.items()
    }
    return grpc.method_handlers_generic_handler(name, handlers)


def _behavior(
    name: str, reader: _Reader, method: Method, client_text: Callable[[str], str]
) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def failure(error: Exception) -> tuple[grpc.StatusCode, str]:
        if isinstance(error, RequestError):
            return error.code, client_text(str(error))
        _LOG.error("%s failed", name, exc_info=error)
        if isinstance(error, MemoryError):
            return grpc.StatusCode.RESOURCE_EXHAUSTED, "out of memory"
        return grpc.StatusCode.INTERNAL, client_text(f"{type(error).__name__}: {error}")

    def handle(body: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return method.answer(reader.read(method, body)).SerializeToString()
        except Exception as error:
            code, text = failure(error)
        # Outside the handling of the error, whose traceback holds the request's memory.
        context.abort(code, text)
        raise AssertionError("abort raises")

    handle.experimental_thread_pool = method.pool  # type: ignore[attr-defined]
    return handle
