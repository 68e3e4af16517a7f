"""Fixtures that every test may use."""

import os
import pathlib
from collections.abc import Callable, Iterator

import pytest
from preloaded import Preloaded

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Small models on as many processes as cores: more threads a process only wait for each other.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
if not os.environ.get("POLYRANK_TEST_GPU"):
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

_E2E = pathlib.Path(__file__).parent / "e2e"
_RUNS = {"first", "second", "changed"}


@pytest.fixture(scope="session")
def kuairand_excerpt() -> pathlib.Path:
    """The folder of a real excerpt of KuaiRand's files, which the repository may not hold."""
    folder = os.environ.get("POLYRANK_KUAIRAND_EXCERPT", "")
    if not folder or not pathlib.Path(folder).is_dir():
        pytest.skip("no excerpt of KuaiRand: name its folder in POLYRANK_KUAIRAND_EXCERPT")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def preloaded() -> Iterator[Preloaded]:
    """Starts programs without the seconds that their imports take."""
    with Preloaded() as parent:
        yield parent


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a file's tests in one process, and those that share the pipeline's runs too.

    Fixtures of modules and sessions are then made once, however many processes there are.
    Groups are dealt out in the order of their first test: the long ones come first, so that no
    process has a long one left when the other has ended.
    """

    def files_with(holds: Callable[[pytest.Item], bool]) -> set[pathlib.Path]:
        return {item.path for item in items if holds(item)}

    def uses(item: pytest.Item, runs: set[str]) -> bool:
        # A parameter elsewhere may have the name of a run.
        return item.path.parent == _E2E and not runs.isdisjoint(getattr(item, "fixturenames", ()))

    sharing = files_with(lambda item: uses(item, _RUNS))
    # The last run follows on a changed log: the others must have been looked at before.
    changing = files_with(lambda item: uses(item, {"changed"}))
    long = files_with(
        lambda item: any(item.get_closest_marker(mark) is not None for mark in ("e2e", "slow"))
    )

    def place(item: pytest.Item) -> tuple[bool, ...]:
        path = item.path
        return path not in sharing, path in changing, path.parent != _E2E, path not in long

    items.sort(key=place)
    for item in items:
        group = "runs" if item.path in sharing else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
