"""gRPC handlers that read the request's bytes themselves.

gRPC's own deserialisation answers bytes that are no message with INTERNAL, and keeps some of
each such request's memory for good.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from serving.errors import RequestError

_LOG = logging.getLogger(__name__)
# A hostile message takes about 100 times its bytes while it is read: one at a time of the large.
_LARGE_BYTES = 2**20

_Request = TypeVar("_Request", bound=Message)
Method = tuple[type[Any], Callable[[Any], Message]]
"""The type of the request, and what answers it; that may raise RequestError."""


class Reader:
    """Reads requests, large ones one at a time."""

    def __init__(self) -> None:
        self._large = threading.Lock()

    def read(self, kind: type[_Request], body: bytes) -> _Request:
        """Returns the message in `body`.

        Raises:
          RequestError: INVALID_ARGUMENT where it is not one.
        """
        large = len(body) > _LARGE_BYTES
        with self._large if large else contextlib.nullcontext():
            try:
                return kind.FromString(body)
            except DecodeError as error:
                raise RequestError(
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"the request's {len(body)} bytes are no {kind.DESCRIPTOR.name}: {error}",
                ) from None


def service(
    name: str, methods: Mapping[str, Method], client_text: Callable[[str], str]
) -> grpc.GenericRpcHandler:
    """Makes the handler of a service; methods that are not named are UNIMPLEMENTED.

    Args:
      name: the service's full name, such as `tensorflow.serving.ModelService`.
      methods: by name.
      client_text: turns an error's text into what clients may read.
    """
    reader = Reader()
    handlers = {
        method: grpc.unary_unary_rpc_method_handler(
            _behavior(f"{name}/{method}", reader, kind, answer, client_text)
        )
        for method, (kind, answer) in methods.items()
    }
    return grpc.method_handlers_generic_handler(name, handlers)


def _behavior(
    name: str,
    reader: Reader,
    kind: type[Message],
    answer: Callable[[Any], Message],
    client_text: Callable[[str], str],
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
            return answer(reader.read(kind, body)).SerializeToString()
        except Exception as error:
            code, text = failure(error)
        # Outside the handling of the error, whose traceback holds the request's memory.
        context.abort(code, text)
        raise AssertionError("abort raises")

    return handle
