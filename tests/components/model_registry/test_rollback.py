"""An older version made live again, and what the next run is compared with."""

import pathlib

import pytest
from made_entries import made_entry

from components.model_registry import registry
from components.model_registry.registry import Entry
from components.model_registry.rollback import RollbackError, roll_back


def pushed(folder: pathlib.Path, version: str) -> Entry:
    """A version in `serving` and in the registry."""
    place = folder / "serving" / version
    (place / "variables").mkdir(parents=True)
    (place / "saved_model.pb").write_text(f"model {version}")
    (place / "variables" / "data").write_text(f"weights {version}")
    entry = made_entry(version, pushed_destination=str(place), run_fingerprint=f"run of {version}")
    registry.append(folder / "registry.json", entry)
    return entry


def served(folder: pathlib.Path) -> str:
    """What a model server would load: the complete version with the largest number."""
    newest = max(int(p.name) for p in (folder / "serving").iterdir() if p.name.isdecimal())
    return (folder / "serving" / str(newest) / "saved_model.pb").read_text()


def path(folder: pathlib.Path) -> str:
    return str(folder / "registry.json")


def test_the_version_before_is_served_and_is_the_next_baseline(tmp_path: pathlib.Path) -> None:
    first, second = pushed(tmp_path, "100"), pushed(tmp_path, "200")
    entry = roll_back(path(tmp_path))
    assert served(tmp_path) == "model 100"
    copy = pathlib.Path(entry.pushed_destination)
    assert (copy / "variables" / "data").read_text() == "weights 100"
    assert (entry.rollback_of, int(entry.version) > 200) == ("100", True)
    assert registry.entries(path(tmp_path)) == (first, second, entry)
    # The run after the rollback, and a repeated run of what is live again.
    assert registry.latest(path(tmp_path), "another run") == entry
    assert registry.latest(path(tmp_path), "run of 100") == second
    assert {p.name for p in copy.parent.iterdir()} == {"100", "200", copy.name}


def test_a_second_rollback_goes_forth_again(tmp_path: pathlib.Path) -> None:
    pushed(tmp_path, "100")
    pushed(tmp_path, "200")
    once, twice = roll_back(path(tmp_path)), roll_back(path(tmp_path))
    assert (once.rollback_of, twice.rollback_of) == ("100", "200")
    assert served(tmp_path) == "model 200"
    assert int(twice.version) > int(once.version)


def test_a_named_version(tmp_path: pathlib.Path) -> None:
    for version in ("100", "200", "300"):
        pushed(tmp_path, version)
    assert roll_back(path(tmp_path), "100").rollback_of == "100"
    assert served(tmp_path) == "model 100"


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("201", "version '201' was never pushed; did you mean '200'"),
        ("200", "version 200 is live already"),
    ],
)
def test_versions_that_are_refused(tmp_path: pathlib.Path, version: str, message: str) -> None:
    pushed(tmp_path, "100")
    pushed(tmp_path, "200")
    with pytest.raises(RollbackError, match=message):
        roll_back(path(tmp_path), version)
    assert len(registry.entries(path(tmp_path))) == 2


def test_nothing_to_go_back_to(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RollbackError, match="holds no pushed version"):
        roll_back(path(tmp_path))
    pushed(tmp_path, "100")
    with pytest.raises(RollbackError, match="is the only one"):
        roll_back(path(tmp_path))


def test_files_that_are_gone(tmp_path: pathlib.Path) -> None:
    first = pushed(tmp_path, "100")
    pushed(tmp_path, "200")
    (pathlib.Path(first.pushed_destination) / "saved_model.pb").unlink()
    with pytest.raises(RollbackError, match="is not in .*100 any more"):
        roll_back(path(tmp_path))


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed(tmp_path, "100")
    pushed(tmp_path, "200")
    monkeypatch.setattr(pathlib.Path, "rename", _full_disk)
    with pytest.raises(RollbackError, match="can't be copied: .*No space left"):
        roll_back(path(tmp_path))
    assert sorted(p.name for p in (tmp_path / "serving").iterdir()) == ["100", "200"]
    assert len(registry.entries(path(tmp_path))) == 2


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")
