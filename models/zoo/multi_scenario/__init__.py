"""Architectures that share and separate scenarios."""
