"""The largest request that a server takes, checked before memory is spent on it."""

from __future__ import annotations

import dataclasses

from common.errors import PolyrankError

# protobuf and gRPC count a message's bytes in 32 bits.
LARGEST_MESSAGE = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one request may hold.

    A few bytes can describe a tensor of any size: a shape with one value, or none, which the
    format repeats. What counts is therefore the size that a tensor would have in memory.

    Attributes:
      rows: the first dimension of a tensor.
      elements: of all tensors together.
      tensor_bytes: of all tensors together, strings with their repetitions.
      message_bytes: of the request as it is sent.

    Raises:
      PolyrankError: a limit is below 1, or `message_bytes` above what gRPC can count.
    """

    rows: int = 16_384
    elements: int = 4_194_304
    tensor_bytes: int = 64 * 2**20
    message_bytes: int = 16 * 2**20

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value < 1:
                raise PolyrankError(f"the limit {name} is {value}, wanted 1 or more")
        if self.message_bytes > LARGEST_MESSAGE:
            raise PolyrankError(
                f"the limit message_bytes is {self.message_bytes}, wanted {LARGEST_MESSAGE} or less"
            )
