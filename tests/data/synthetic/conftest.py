import pytest

from data.synthetic import SyntheticConfig, World, draw_balanced, draw_log


@pytest.fixture(scope="session")
def config():
    return SyntheticConfig(rows=60_000, days=3)


@pytest.fixture(scope="session")
def world(config):
    return World.build(config.world)


@pytest.fixture(scope="session")
def log(config, world):
    return draw_log(config, world)


@pytest.fixture(scope="session")
def balanced(config, world):
    return draw_balanced(config, 10_000, world).to_pandas()
