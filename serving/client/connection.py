"""A connection to a model server: which versions it serves, and errors that name it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_pb2, model_service_pb2_grpc

from common.errors import PolyrankError
from serving.errors import ServingError

if TYPE_CHECKING:
    from typing_extensions import Self

_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class ModelVersion:
    """A version as the server reports it.

    Attributes:
      version: its number.
      state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
      error: why it could not be loaded, else empty.
    """

    version: int
    state: str
    error: str = ""


class Connection:
    """A channel to the model `model_name` of the server at `target`; a context manager."""

    def __init__(self, target: str, model_name: str, timeout: float = 10.0) -> None:
        """Opens a channel; nothing is sent yet.

        Args:
          target: `host:port`.
          model_name: the model's name.
          timeout: seconds that a call may take.
        """
        self.target = target
        self.model_name = model_name
        self.timeout = timeout
        self._channel = grpc.insecure_channel(
            target,
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                # gRPC waits up to two minutes between attempts; a server that starts is near.
                ("grpc.max_reconnect_backoff_ms", 1000),
            ],
        )
        self._model = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def status(self) -> list[ModelVersion]:
        """The versions that the server knows, the newest first; raises ServingError."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=self._spec(None))
        with self._named_errors():
            response = self._model.GetModelStatus(request, timeout=self.timeout)
        return sorted(
            (
                ModelVersion(
                    item.version,
                    get_model_status_pb2.ModelVersionStatus.State.Name(item.state),
                    item.status.error_message,
                )
                for item in response.model_version_status
            ),
            key=lambda item: -item.version,
        )

    def wait_until_available(self, timeout: float = 60.0, version: int | None = None) -> int:
        """Waits until a version (or the one named) answers requests.

        Returns:
          The available version's number.

        Raises:
          ServingError: the newest version can't be loaded while no other serves,
            or nothing is available after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            last: ServingError
            try:
                known = [v for v in self.status() if version in (None, v.version)]
                available = [item.version for item in known if item.state == "AVAILABLE"]
                if available:
                    return available[0]
                if known and known[0].error:
                    raise ServingError(
                        f"version {known[0].version} of model '{self.model_name}' at "
                        f"{self.target} can't be served: {known[0].error}",
                        grpc.StatusCode.FAILED_PRECONDITION,
                    )
                states = ", ".join(f"{item.version} is {item.state}" for item in known)
                last = ServingError(states or "no such version", grpc.StatusCode.UNAVAILABLE)
            except ServingError as error:
                if error.code == grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                last = error
            if time.monotonic() > deadline:
                raise ServingError(
                    f"model '{self.model_name}' at {self.target} is not available after "
                    f"{timeout:g} s: {last}",
                    last.code,
                )
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spec(self, version: int | None) -> model_pb2.ModelSpec:
        spec = model_pb2.ModelSpec(name=self.model_name)
        if version is not None:
            try:
                spec.version.value = version
            except (TypeError, ValueError):
                raise PolyrankError(
                    f"version: got {version!r}, wanted a whole number of 64 bits, or None for the "
                    "newest"
                ) from None
        return spec

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise ServingError(
                f"model '{self.model_name}' at {self.target}: {error.code().name}: "
                f"{error.details()}",
                error.code(),
            ) from None
