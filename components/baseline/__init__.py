"""Baseline: the last pushed version as an ordinary Model artifact, on every runner."""
