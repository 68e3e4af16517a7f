"""What is on disk, once each, as du has it."""

import os
import shutil
import subprocess

from made_entries import made_version

from pipeline.config import MetadataConfig
from pipeline.retention.disk import disk_bytes
from pipeline.retention.sizes import work_folder_sizes


def du(path):
    found = subprocess.run(
        ["du", "-s", "--block-size=1", str(path)], capture_output=True, text=True, check=True
    )
    return int(found.stdout.split()[0])


def sizes(work):
    return work_folder_sizes(work.locations, MetadataConfig())


def test_all_of_it_is_what_du_says(work):
    for digest in ("one", "two", "one"):
        work.run(digest)
    for version in ("100", "200"):
        made_version(work.folder, version)
    for name in ("checkpoints/a", "features/b", "comparison", "data/span=2026-01-01", "notes"):
        (work.folder / name).mkdir(parents=True)
        (work.folder / name / "file").write_bytes(b"x" * 10_000)
    # Two names of one file, and a link.
    os.link(work.folder / "notes" / "file", work.folder / "data" / "same")
    (work.folder / "link").symlink_to("/")
    found = sizes(work)
    assert found.total == du(work.folder)
    parts = (found.runs, found.versions, found.other)
    assert sum(sum(part.values()) for part in parts) == found.total
    assert found.versions == {
        f"shop/{x}": du(work.folder / "serving" / "shop" / x) for x in ("100", "200")
    }
    assert found.other["metadata"] == du(work.folder / "metadata.sqlite")
    assert found.other["checkpoints"] == du(work.folder / "checkpoints")


def test_what_is_shared_counts_for_the_run_that_made_it(work):
    first, made = work.run("one")
    second, cached = work.run("one")
    assert {outcome for outcome, _ in cached.values()} == {"cached"}
    found = sizes(work).runs
    assert list(found) == [first, second]
    # What TFX leaves of an execution, without files, is in it too.
    system = list((work.folder / "artifacts").glob("*/.system/executor_execution/[12]"))
    own = [work.folder / "runs" / first, *system, *(folder for _, folder in made.values())]
    assert found[first] == sum(map(du, own))
    assert found[second] == du(work.folder / "runs" / second)


def test_without_its_record_artifacts_belong_to_no_run(work):
    first, _ = work.run("one")
    (work.folder / "metadata.sqlite").unlink()
    found = sizes(work)
    assert found.runs == {first: du(work.folder / "runs" / first)}
    assert found.other["artifacts"] == du(work.folder / "artifacts")


def test_a_file_that_is_gone_counts_nothing(tmp_path):
    assert disk_bytes(tmp_path / "none") == 0
    (tmp_path / "file").write_bytes(b"x" * 5000)
    assert disk_bytes(tmp_path / "file") == du(tmp_path / "file")
    shutil.copytree(tmp_path, tmp_path / "folder", ignore=shutil.ignore_patterns("folder"))
    assert disk_bytes(tmp_path) == du(tmp_path)
