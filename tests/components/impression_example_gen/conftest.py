"""Fixtures of these tests."""

from impression_log import contract, log  # noqa: F401 - fixtures
