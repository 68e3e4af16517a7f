"""What can go wrong while a model is loaded, queried or served."""

from __future__ import annotations

import grpc

from common.errors import PolyrankError


class ModelLoadError(PolyrankError):
    """A SavedModel that TF Serving's loader or the warm-up refuses: says which and why."""


class TensorError(PolyrankError, ValueError):
    """A tensor that can't be read or written: says what it holds and what was wanted."""


class ServingError(PolyrankError):
    """A model server that can't be reached, refused a request, or died.

    Attributes:
      code: the gRPC status, such as `NOT_FOUND`; `UNKNOWN` where there is none.
    """

    def __init__(self, message: str, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN) -> None:
        super().__init__(message)
        self.code = code


class RequestError(Exception):
    """A request that the server answers with a gRPC status other than OK.

    Attributes:
      code: the gRPC status.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


STATUS_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
"""gRPC's status of a TensorFlow error code; the two share their numbers."""
