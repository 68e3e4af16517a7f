"""Architectures that model conversion in the entire space of impressions."""
