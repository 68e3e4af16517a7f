"""One small SavedModel, and servers over copies of it."""

from __future__ import annotations

import pytest
from city_model import push, save

from serving.client import Client
from serving.server import ModelServer


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory):
    """A SavedModel with bias 0."""
    return save(tmp_path_factory.mktemp("plain"), 0.0)


@pytest.fixture(scope="session")
def other_model(tmp_path_factory):
    """The same with bias 100, to tell two versions apart."""
    return save(tmp_path_factory.mktemp("other"), 100.0)


@pytest.fixture(scope="session")
def served(saved_model, tmp_path_factory):
    """A server of version 7, shared by the tests that change nothing."""
    base_path = tmp_path_factory.mktemp("served")
    push(saved_model, base_path, 7)
    with ModelServer("cities", base_path) as server, Client(server.target, "cities") as client:
        client.wait_until_available()
        yield server


@pytest.fixture
def client(served):
    """A client of the shared server."""
    with Client(served.target, "cities") as client:
        yield client
