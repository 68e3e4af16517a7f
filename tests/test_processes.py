"""The suite's own arrangement in processes."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_a_files_tests_share_a_process(request):
    # The name's last part is what xdist deals out by; without it each process makes all fixtures.
    assert request.node.nodeid.endswith(f"@{request.node.path}")
