"""Architectures of many tasks, without parts of a scenario."""
