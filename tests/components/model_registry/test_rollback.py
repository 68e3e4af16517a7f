"""An older version made live again, and what the next run is compared with."""

import pathlib
import shutil
import subprocess
import sys
import time

import pytest
from made_entries import made_absolute, made_version, served

from components.model_registry import registry
from components.model_registry.live import standing
from components.model_registry.rollback import RollbackError, roll_back


def path(folder: pathlib.Path) -> str:
    return str(folder / "registry.json")


def test_the_version_before_is_served_and_is_the_next_baseline(tmp_path: pathlib.Path) -> None:
    first, second = made_version(tmp_path, "100"), made_version(tmp_path, "200")
    entry = roll_back(path(tmp_path))
    assert served(tmp_path) == "model 100"
    assert entry.pushed_destination == f"serving/shop/{entry.version}"
    copy = tmp_path / entry.pushed_destination
    assert (copy / "variables" / "data").read_text() == "weights 100"
    assert (entry.rollback_of, int(entry.version) > 200) == ("100", True)
    assert registry.entries(path(tmp_path)) == (first, second, entry)
    # The run after the rollback, and a repeated run of what is live again.
    assert standing(path(tmp_path), "another run").compared == entry
    assert standing(path(tmp_path), "run of 100").compared == second
    assert {p.name for p in copy.parent.iterdir()} == {"100", "200", copy.name}


def test_a_second_rollback_goes_forth_again(tmp_path: pathlib.Path) -> None:
    made_version(tmp_path, "100")
    made_version(tmp_path, "200")
    once, twice = roll_back(path(tmp_path)), roll_back(path(tmp_path))
    assert (once.rollback_of, twice.rollback_of) == ("100", "200")
    assert served(tmp_path) == "model 200"
    assert int(twice.version) > int(once.version)


def test_a_named_version(tmp_path: pathlib.Path) -> None:
    for version in ("100", "200", "300"):
        made_version(tmp_path, version)
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
    made_version(tmp_path, "100")
    made_version(tmp_path, "200")
    with pytest.raises(RollbackError, match=message):
        roll_back(path(tmp_path), version)
    assert len(registry.entries(path(tmp_path))) == 2


def test_nothing_to_go_back_to(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RollbackError, match="holds no pushed version"):
        roll_back(path(tmp_path))
    made_version(tmp_path, "100")
    with pytest.raises(RollbackError, match="is the only one"):
        roll_back(path(tmp_path))


def test_files_that_are_gone(tmp_path: pathlib.Path) -> None:
    first = made_version(tmp_path, "100")
    made_version(tmp_path, "200")
    (tmp_path / first.pushed_destination / "saved_model.pb").unlink()
    with pytest.raises(RollbackError, match="is not in .*100 any more"):
        roll_back(path(tmp_path))


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_version(tmp_path, "100")
    made_version(tmp_path, "200")
    monkeypatch.setattr(pathlib.Path, "rename", _full_disk)
    with pytest.raises(RollbackError, match="can't be copied: .*No space left"):
        roll_back(path(tmp_path))
    assert sorted(p.name for p in (tmp_path / "serving" / "shop").iterdir()) == ["100", "200"]
    assert len(registry.entries(path(tmp_path))) == 2


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("version", [None, "100"])
def test_a_rollback_that_was_killed_is_finished_by_the_next(
    tmp_path: pathlib.Path, version: str | None
) -> None:
    for number in ("100", "200"):
        made_version(tmp_path, number)
    once = roll_back(path(tmp_path))
    # As a kill leaves it between the entry and the folder's number.
    copy = tmp_path / once.pushed_destination
    copy.rename(copy.with_name(f".{copy.name}.ready"))
    assert served(tmp_path) == "model 200"
    assert roll_back(path(tmp_path), version) == once
    assert served(tmp_path) == "model 100"
    assert len(registry.entries(path(tmp_path))) == 3


def test_after_a_push_that_was_killed_a_rollback_leaves_that_push(tmp_path: pathlib.Path) -> None:
    for number in ("100", "200"):
        made_version(tmp_path, number)
    pushed = tmp_path / "serving" / "shop" / "200"
    pushed.rename(pushed.with_name(".200.ready"))
    assert roll_back(path(tmp_path)).rollback_of == "100"
    assert served(tmp_path) == "model 100"


def test_a_copied_work_folder_rolls_back_in_itself(tmp_path: pathlib.Path) -> None:
    production, copy = tmp_path / "production", tmp_path / "copy"
    for version in ("100", "200"):
        made_version(production, version)
    made_absolute(production)
    shutil.copytree(production, copy)
    before = {p: p.stat().st_mtime_ns for p in production.rglob("*")}
    entry = roll_back(path(copy))
    assert served(copy) == "model 100"
    assert entry.pushed_destination == f"serving/shop/{entry.version}"
    assert {p: p.stat().st_mtime_ns for p in production.rglob("*")} == before
    # So it does once the first folder is gone.
    shutil.rmtree(production)
    roll_back(path(copy))
    assert served(copy) == "model 200"


def test_a_folder_of_versions_that_leads_outside_is_refused(tmp_path: pathlib.Path) -> None:
    production, copy = tmp_path / "production", tmp_path / "copy"
    for version in ("100", "200"):
        made_version(production, version)
    shutil.copytree(production, copy)
    shutil.rmtree(copy / "serving")
    (copy / "serving").symlink_to(production / "serving")
    with pytest.raises(RollbackError, match="version 100 can't be made live here: .* leads to"):
        roll_back(path(copy))
    assert served(production) == "model 200"
    assert len(registry.entries(path(copy))) == 2


def test_a_live_version_without_files_can_be_copied_back(tmp_path: pathlib.Path) -> None:
    for version in ("100", "200"):
        made_version(tmp_path, version)
    copy = roll_back(path(tmp_path))
    shutil.rmtree(tmp_path / copy.pushed_destination)
    assert roll_back(path(tmp_path), "100").rollback_of == "100"
    assert served(tmp_path) == "model 100"


def test_a_pruned_version_is_not_offered(tmp_path: pathlib.Path) -> None:
    for version in ("100", "200", "300"):
        made_version(tmp_path, version)
    known = registry.entries(path(tmp_path))
    gone = known[1].model_copy(update={"pruned": "2026-02-01T00:00:00+00:00"})
    registry.write(path(tmp_path), (known[0], gone, known[2]))
    with pytest.raises(RollbackError, match="200 was pruned at 2026-02-01.*there are 100, 300"):
        roll_back(path(tmp_path), "200")
    assert roll_back(path(tmp_path)).rollback_of == "100"


_ROLL_BACK = """
import sys
from components.model_registry.rollback import roll_back
try:
    print(roll_back(sys.argv[1]).rollback_of)
except Exception as error:
    print(error)
"""


def test_of_two_rollbacks_at_once_the_second_is_not_a_way_forth(tmp_path: pathlib.Path) -> None:
    for version in ("100", "200"):
        made_version(tmp_path, version)
    with registry.locked(path(tmp_path)):
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", _ROLL_BACK, path(tmp_path)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        while not all(_waits(program.pid) for program in programs):
            time.sleep(0.05)
    said = sorted(program.communicate()[0] for program in programs)
    assert said[0] == "100\n" and "was made live while this command waited" in said[1]
    assert served(tmp_path) == "model 100"


def _waits(pid: int) -> bool:
    """Whether a process waits for a lock of a file."""
    return "flock" in pathlib.Path(f"/proc/{pid}/wchan").read_text() or any(
        f"-> FLOCK  ADVISORY  WRITE {pid} " in line
        for line in pathlib.Path("/proc/locks").read_text().splitlines()
    )
