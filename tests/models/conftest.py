"""The small log, transformed once for all tests of models."""

from typing import Any

import pytest
import tensorflow_transform as tft
import tf_keras as keras
from small_log import SCHEMA, made_rows, transform, write_split

from models.datasets.in_memory import InMemorySplit, hold
from schemas.contract import Contract, parse_schema, read_contract


@pytest.fixture(autouse=True)
def _same_first_values() -> None:
    """Else they depend on what ran before, and the few ReLUs of a small layer can all be dead."""
    keras.utils.set_random_seed(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need a real Transform on Beam: it takes longer than all others."""
    for item in items:
        if "transform_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def contract() -> Contract:
    return read_contract(parse_schema(SCHEMA))


@pytest.fixture(scope="session")
def train_rows() -> list[dict[str, Any]]:
    """400 rows; user 999 is seen once, below its column's min_count, and one price is NaN."""
    rows = made_rows(400)
    rows[0]["user"] = 999
    rows[1]["price"] = float("nan")
    return rows


@pytest.fixture(scope="session")
def transform_dir(
    tmp_path_factory: pytest.TempPathFactory, train_rows: list[dict[str, Any]]
) -> str:
    return transform(tmp_path_factory.mktemp("transform"), train_rows)


@pytest.fixture(scope="session")
def transform_output(transform_dir: str) -> Any:
    return tft.TFTransformOutput(transform_dir)


@pytest.fixture(scope="session")
def transform_layer(transform_output: Any) -> Any:
    return transform_output.transform_features_layer()


@pytest.fixture(scope="session")
def split_files(
    tmp_path_factory: pytest.TempPathFactory, train_rows: list[dict[str, Any]]
) -> list[str]:
    """The train rows in two shards."""
    folder = tmp_path_factory.mktemp("examples") / "Split-train"
    write_split(folder, train_rows)
    return sorted(str(path) for path in folder.iterdir())


@pytest.fixture(scope="session")
def held(contract: Contract, transform_layer: Any, split_files: list[str]) -> InMemorySplit | None:
    return hold(contract, transform_layer, split_files, serving=False)
