"""What a run is compared with, what is live, and when it may no longer push."""

import pathlib
import shutil

import pytest
from made_entries import made_entry, made_version

from components.model_registry import registry
from components.model_registry.live import NO_ENTRY, check_unchanged, standing, state_token
from components.model_registry.refused_push import RefusedPushError
from components.model_registry.rollback import roll_back


def append(path: pathlib.Path, version: str, fingerprint: str, **changes: str) -> None:
    registry.append(path, made_entry(version, run_fingerprint=fingerprint, **changes))


def test_nothing_was_pushed(tmp_path):
    path = tmp_path / "none.json"
    assert standing(path, "mine") == (None, "", False)
    assert state_token(path, "mine") == NO_ENTRY
    check_unchanged(path, "mine", "")


def test_a_run_is_never_its_own_baseline(tmp_path):
    path = tmp_path / "registry.json"
    append(path, "1", "other")
    before = state_token(path, "mine")
    append(path, "2", "mine")
    found = standing(path, "mine")
    assert found.compared is not None
    assert (found.compared.version, found.live, found.is_live) == ("1", "1", False)
    assert standing(path, "third")[1:] == ("2", True)
    assert state_token(path, "third") != before


def test_a_runs_own_push_does_not_uncache_its_unchanged_rerun(tmp_path):
    made_version(tmp_path, "1", run_fingerprint="other")
    path = tmp_path / "registry.json"
    before = state_token(path, "mine")
    for version in ("2", "3"):
        made_version(tmp_path, version, run_fingerprint="mine")
        assert state_token(path, "mine") == before
    # Nor does an operator who has removed what is long out of service.
    shutil.rmtree(tmp_path / "serving" / "shop" / "1")
    assert state_token(path, "mine") == before


def test_the_loss_of_the_live_version_is_seen(tmp_path):
    made_version(tmp_path, "1")
    path = tmp_path / "registry.json"
    before = state_token(path, "mine")
    assert state_token(path, "mine") == before
    (tmp_path / "serving" / "shop" / "1").rename(tmp_path / "backup")
    assert state_token(path, "mine") != before
    (tmp_path / "backup").rename(tmp_path / "serving" / "shop" / "1")
    assert state_token(path, "mine") == before


def test_a_registry_in_a_tensorflow_file_system(tmp_path):
    made_version(tmp_path, "1")
    path = f"file://{tmp_path}/registry.json"
    before = state_token(path, "mine")
    shutil.rmtree(tmp_path / "serving")
    assert len({before, state_token(path, "mine"), NO_ENTRY}) == 3


def test_a_copied_work_folder_has_the_same_token(tmp_path):
    made_version(tmp_path / "a", "1")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert state_token(tmp_path / "a" / "registry.json") == state_token(
        tmp_path / "b" / "registry.json"
    )


@pytest.mark.parametrize(
    ("pushed", "mine"),
    [
        (("A", "B"), "C"),
        # A repeated run, of what is live and of what was before.
        (("A", "B"), "B"),
        (("A", "B"), "A"),
        (("A", "B", "B"), "B"),
    ],
    ids=["new", "live", "older", "live twice"],
)
def test_a_rollback_during_a_run_forbids_its_push(tmp_path, pushed, mine):
    for number, fingerprint in enumerate(pushed, start=100):
        made_version(tmp_path, str(number), run_fingerprint=fingerprint)
    path = tmp_path / "registry.json"
    began_with = standing(path, mine).live
    check_unchanged(path, mine, began_with)
    copied = roll_back(str(path))
    with pytest.raises(RefusedPushError, match=f"version {copied.version}, a copy of .* was made"):
        check_unchanged(path, mine, began_with)
    # The run after it begins with what is live now.
    check_unchanged(path, mine, standing(path, mine).live)
    assert standing(path, mine).live == copied.version


def test_what_the_run_itself_pushed_forbids_nothing(tmp_path):
    path = tmp_path / "registry.json"
    append(path, "1", "other")
    append(path, "2", "mine")
    check_unchanged(path, "mine", "1")


def test_another_runs_push_forbids_it(tmp_path):
    path = tmp_path / "registry.json"
    append(path, "1", "other")
    with pytest.raises(RefusedPushError, match="version 1 was made live .* when none was; .*run"):
        check_unchanged(path, "mine", "")
