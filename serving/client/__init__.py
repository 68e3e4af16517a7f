"""A client of TF Serving's gRPC services that takes columns of values as people have them."""

from serving.client.client import Client

__all__ = ["Client"]
