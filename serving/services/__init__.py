"""TF Serving's gRPC services: from a request's bytes to the answer."""
