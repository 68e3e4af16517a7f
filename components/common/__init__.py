"""What several components share: artifacts, reading them, digests, raw rows."""
