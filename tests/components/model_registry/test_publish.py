"""A version's folder and its entry: both or neither, whenever a program is killed."""

import pathlib

import pytest
from killing import killed_everywhere
from made_entries import made_entry, made_version, served

from components.model_registry import registry
from components.model_registry.publish import publish, settle
from components.model_registry.rollback import roll_back


def path(folder: pathlib.Path) -> str:
    return str(folder / "registry.json")


def pushed_twice(folder: pathlib.Path) -> None:
    made_version(folder, "100")
    made_version(folder, "200")


def push(folder: pathlib.Path) -> None:
    """Pushes version 300, as Pusher does."""
    complete = folder / "serving" / "shop" / ".pushing"
    complete.mkdir(parents=True)
    (complete / "saved_model.pb").write_text("model 300")
    entry = made_entry("300", pushed_destination="serving/shop/300")
    publish(path(folder), complete, entry, lambda: None)


def complete_versions(folder: pathlib.Path) -> list[str]:
    found = folder.glob("serving/shop/*/saved_model.pb")
    return sorted((file.parent.name for file in found if file.parent.name.isdecimal()), key=int)


def agree(folder: pathlib.Path) -> str:
    """Checks that what is served is what is registered; returns the live version."""
    settle(path(folder))
    versions = [entry.version for entry in registry.entries(path(folder))]
    assert complete_versions(folder) == versions
    # A number says that the version is whole.
    names = [p.name for p in (folder / "serving" / "shop").iterdir() if p.name.isdecimal()]
    assert sorted(names, key=int) == versions
    return versions[-1]


def test_a_push_that_is_killed_at_any_instant(tmp_path):
    found = [agree(x) for x in killed_everywhere(pushed_twice, push, tmp_path)]
    assert set(found) == {"200", "300"} and found == sorted(found)
    assert len(found) > 10


def test_a_first_push_that_is_killed_at_any_instant(tmp_path):
    for folder in killed_everywhere(lambda _: None, push, tmp_path):
        settle(path(folder))
        registered = [entry.version for entry in registry.entries(path(folder))]
        assert complete_versions(folder) == registered


def test_a_rollback_that_is_killed_at_any_instant(tmp_path):
    live = []
    for folder in killed_everywhere(pushed_twice, lambda x: roll_back(path(x)), tmp_path):
        live.append(agree(folder))
        # The next one finds nothing in its way, and removes what was left.
        back = roll_back(path(folder), "100" if live[-1] == "200" else "200")
        assert served(folder) == f"model {back.rollback_of}"
        names = {p.name for p in (folder / "serving" / "shop").iterdir()}
        assert names == {x.version for x in registry.entries(path(folder))}
    assert live[0] == "200" and live[-1] not in ("100", "200")


def test_a_check_that_refuses_leaves_everything_as_it_was(tmp_path):
    pushed_twice(tmp_path)
    complete = tmp_path / "serving" / "shop" / ".pushing"
    complete.mkdir()

    def refuse() -> None:
        raise ValueError("no longer live")

    entry = made_entry("300", pushed_destination="serving/shop/300")
    with pytest.raises(ValueError, match="no longer live"):
        publish(path(tmp_path), complete, entry, refuse)
    assert agree(tmp_path) == "200"


def test_a_number_that_is_taken_takes_the_entry_back(tmp_path):
    pushed_twice(tmp_path)
    # As someone has put it there; only files without a complete model are in no one's registry.
    (tmp_path / "serving" / "shop" / "300").mkdir()
    (tmp_path / "serving" / "shop" / "300" / "notes").touch()
    with pytest.raises(OSError, match="not empty"):
        push(tmp_path)
    assert [x.version for x in registry.entries(path(tmp_path))] == ["100", "200"]
    assert complete_versions(tmp_path) == ["100", "200"]
