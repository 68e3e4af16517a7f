"""A model server that speaks TF Serving's gRPC services, its client, and warm-up requests."""
