"""Fixtures that every test may use."""

import os
import pathlib

import pytest

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if not os.environ.get("POLYRANK_TEST_GPU"):
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

_RUNS = {"first", "second", "third", "changed"}


_BESIDE = pathlib.Path(__file__).parents[2] / "shared" / "data" / "kuairand"


@pytest.fixture(scope="session")
def kuairand_excerpt() -> pathlib.Path:
    """The folder of a real excerpt of KuaiRand's files, which the repository may not hold."""
    folder = pathlib.Path(os.environ.get("POLYRANK_KUAIRAND_EXCERPT", _BESIDE))
    if not folder.is_dir():
        pytest.skip("no excerpt of KuaiRand: name its folder in POLYRANK_KUAIRAND_EXCERPT")
    return folder


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps a file's tests in one process, and those that share the pipeline's runs too.

    Fixtures of modules and sessions are then made once, however many processes there are.
    """
    sharing = {item.path for item in items if _RUNS & set(getattr(item, "fixturenames", ()))}
    for item in items:
        group = "runs" if item.path in sharing else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
