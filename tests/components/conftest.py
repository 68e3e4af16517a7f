"""Fixtures that the tests of several components use."""

import resource

import pytest
from impression_log import contract, log  # noqa: F401 - fixtures


@pytest.fixture
def room():
    """Limits the size, in bytes, of every file that is written, until the test has ended."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
