"""Which versions' files may go, and that a kill leaves none that looks whole and is not."""

import pathlib

import pytest
from killing import killed_everywhere
from made_entries import made_version, served

from components.model_registry import registry
from components.model_registry.rollback import RollbackError, roll_back
from components.model_registry.version_pruning import prunable, prune_versions


def path(folder: pathlib.Path) -> str:
    return str(folder / "registry.json")


def folders(folder: pathlib.Path) -> set[str]:
    return {x.name for x in (folder / "serving" / "shop").iterdir()}


def made(folder: pathlib.Path, *versions: str) -> None:
    for version in versions:
        made_version(folder, version)


def names(folder: pathlib.Path, keep: int) -> list[str]:
    return [entry.version for entry in prunable(path(folder), keep)]


def test_the_newest_are_kept(tmp_path):
    made(tmp_path, "100", "200", "300", "400", "500")
    assert names(tmp_path, 2) == ["100", "200", "300"]
    assert names(tmp_path, 4) == ["100"]
    assert names(tmp_path, 5) == names(tmp_path, 9) == []
    assert prunable(tmp_path / "none.json", 2) == ()


def test_after_a_rollback_the_one_before_is_kept(tmp_path):
    made(tmp_path, "100", "200", "300", "400")
    for _ in range(4):
        copied = roll_back(path(tmp_path)).version
    # Live is a copy of 400; before it come copies of 300, 400 and 300.
    kept = {x.version for x in registry.entries(path(tmp_path))} - set(names(tmp_path, 2))
    assert copied in kept and len(kept) == 2
    prune_versions(path(tmp_path), 2)
    assert roll_back(path(tmp_path)).rollback_of == "300"
    assert served(tmp_path) == "model 300"


def test_what_a_rollback_goes_back_to_is_kept_however_old(tmp_path):
    made(tmp_path, "100", "200")
    for _ in range(3):
        original = registry.entries(path(tmp_path))[-1]
        # The live version again, as a restored copy of its own.
        copied = original.model_copy(update={"rollback_of": "200"})
        number = str(int(original.version) + 1)
        made_version(tmp_path, number, **{"rollback_of": "200", "run_fingerprint": "run of 200"})
    assert copied.rollback_of == "200"
    assert names(tmp_path, 2) == ["200", "201"]
    assert folders(tmp_path) >= {"100"}


def test_what_a_repeated_run_is_compared_with_is_kept(tmp_path):
    made_version(tmp_path, "100", run_fingerprint="first")
    for version in ("200", "300", "400"):
        made_version(tmp_path, version, run_fingerprint="repeated")
    assert names(tmp_path, 2) == ["200"]


def test_what_a_server_takes_is_kept(tmp_path):
    made(tmp_path, "100", "200", "300")
    # Registered before the others and numbered above them: a clock was wrong.
    known = registry.entries(path(tmp_path))
    registry.write(path(tmp_path), (known[2], known[0], known[1]))
    made_version(tmp_path, "250")
    assert names(tmp_path, 2) == ["100"]


def test_versions_elsewhere_and_those_without_files_are_left_alone(tmp_path):
    made(tmp_path, "100", "200", "300", "400")
    known = list(registry.entries(path(tmp_path)))
    known[0] = known[0].model_copy(update={"pushed_destination": "/elsewhere/100"})
    registry.write(path(tmp_path), known)
    (tmp_path / "serving" / "shop" / "200").rename(tmp_path / "moved")
    assert names(tmp_path, 2) == []


def test_pruned_versions_are_remembered(tmp_path):
    made(tmp_path, "100", "200", "300")
    (pruned,) = prune_versions(path(tmp_path), 2)
    assert pruned.version == "100"
    assert folders(tmp_path) == {"200", "300"}
    first, second, third = registry.entries(path(tmp_path))
    assert first.pruned is not None and first.pruned.endswith("+00:00")
    assert first.model_copy(update={"pruned": None}) == pruned
    assert (second.pruned, third.pruned) == (None, None)
    with pytest.raises(RollbackError, match=f"version 100 was pruned at {first.pruned[:10]}"):
        roll_back(path(tmp_path), "100")
    assert prune_versions(path(tmp_path), 2) == ()


def test_pruning_that_is_killed_at_any_instant(tmp_path):
    ends = set()
    for folder in killed_everywhere(
        lambda x: made(x, "100", "200", "300", "400"),
        lambda x: prune_versions(path(x), 2),
        tmp_path,
    ):
        # Whatever has a number is whole, and live is what was.
        for name in folders(folder):
            if name.isdecimal():
                files = sorted((folder / "serving" / "shop" / name).rglob("*"))
                assert [x.name for x in files] == ["saved_model.pb", "variables", "data"]
        assert served(folder) == "model 400"
        ends.add(frozenset(x for x in folders(folder) if x.isdecimal()))
        prune_versions(path(folder), 2)
        assert folders(folder) == {"300", "400"}
        assert [bool(x.pruned) for x in registry.entries(path(folder))] == [
            True,
            True,
            False,
            False,
        ]
        assert roll_back(path(folder)).rollback_of == "300"
    assert {frozenset({"100", "200", "300", "400"}), frozenset({"300", "400"})} <= ends
