"""Runs are pruned: what newer ones have from the cache stays; the cache passes over the rest."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import time

import pytest
from killing import killed_everywhere
from made_entries import made_version
from ml_metadata.proto import metadata_store_pb2 as mlmd

from common.settings import SettingsError, parse
from pipeline.config import MetadataConfig
from pipeline.retention.config import RetentionConfig
from pipeline.retention.prune import prune

SQLITE = MetadataConfig()


def keep(work, runs, *, dry_run=False):
    return prune(work.locations, RetentionConfig(keep_runs=runs), SQLITE, dry_run=dry_run)


def names(work):
    return sorted(x.name for x in pathlib.Path(work.locations.runs_dir).iterdir())


def test_what_a_newer_run_has_from_the_cache_is_kept(work):
    first, made = work.run("one")
    second, _ = work.run("two")
    third, cached = work.run("one")
    # The third has both of the first's outputs, and none of the second's.
    assert cached == {name: ("cached", folder) for name, (_, folder) in made.items()}
    pruned = keep(work, 1)
    assert pruned.runs == (first, second) and names(work) == [third]
    kept = {f"{x.parts[-3]}/{x.parts[-2]}/{x.parts[-1]}" for _, x in made.values()}
    assert {name.rpartition("/")[0] for name in work.files()} == kept
    assert work.run("one")[1] == cached


def test_the_cache_passes_over_what_was_pruned(work):
    _, made = work.run("one")
    work.run("two")
    keep(work, 1)
    assert not made["SchemaImport"][1].exists()
    states = {x.uri: x.state for x in work.store.get_artifacts()}
    assert states[str(made["SchemaImport"][1])] == mlmd.Artifact.DELETED
    # ModelSettings's was the second run's too.
    assert states[str(made["ModelSettings"][1])] == mlmd.Artifact.LIVE
    _, again = work.run("one")
    assert again["SchemaImport"][0] == "done" and again["ModelSettings"][0] == "cached"
    assert (again["SchemaImport"][1] / "schema.pbtxt").is_file()
    assert {outcome for outcome, _ in work.run("one")[1].values()} == {"cached"}


def test_the_runs_of_the_live_version_and_of_the_one_before_are_kept(work):
    found = [work.run(digest)[0] for digest in ("one", "two", "three", "four")]
    run_ids = [x.name for x in work.store.get_contexts_by_type("pipeline_run")]
    made_version(work.folder, "100", run_id=run_ids[0])
    made_version(work.folder, "200", run_id=run_ids[1])
    assert keep(work, 1).runs == (found[2],)


def test_a_dry_run_says_the_same_and_removes_nothing(work):
    for digest in ("one", "two", "three"):
        work.run(digest)
    before = {x: x.lstat().st_mtime_ns for x in work.folder.rglob("*") if "metadata" not in x.name}
    would = keep(work, 1, dry_run=True)
    after = {x: x.lstat().st_mtime_ns for x in work.folder.rglob("*") if "metadata" not in x.name}
    assert before == after
    assert all(x.state == mlmd.Artifact.LIVE for x in work.store.get_artifacts())
    assert keep(work, 1) == would and would.bytes > 0
    assert keep(work, 1).runs == ()


def test_stopped_trainings_and_features_that_no_kept_run_used_go(work):
    work.run("one")
    locations = work.locations
    for parent in (locations.checkpoint_dir, locations.features_dir):
        for name in ("old", "used"):
            folder = pathlib.Path(parent) / name
            folder.mkdir(parents=True)
            (folder / "file").touch()
    long_ago = time.time() - 86_400
    for parent in (locations.checkpoint_dir, locations.features_dir):
        for path in (pathlib.Path(parent) / "old" / "file", pathlib.Path(parent) / "old"):
            os.utime(path, (long_ago, long_ago))
    work.run("two")
    keep(work, 2)
    assert len(list(work.folder.glob("checkpoints/*"))) == 2
    keep(work, 1)
    # The others were written in the first run's time, which is over too.
    assert list(work.folder.glob("checkpoints/*")) == list(work.folder.glob("features/*")) == []


def test_runs_of_the_tfx_command_have_no_folder_and_count(work):
    first, _ = work.run("one")
    shutil.rmtree(work.folder / "runs" / first)
    (run_id,) = [x.name for x in work.store.get_contexts_by_type("pipeline_run")]
    second, _ = work.run("two")
    third, _ = work.run("three")
    assert keep(work, 2).runs == (run_id,)
    assert names(work) == [second, third]


def test_folders_that_nothing_knows_are_left_alone(work):
    work.run("one")
    unknown = work.folder / "artifacts" / "Trainer" / "model" / "900"
    unknown.mkdir(parents=True)
    (work.folder / "runs" / "notes").mkdir()
    work.run("two")
    keep(work, 1)
    assert unknown.is_dir() and (work.folder / "runs" / "notes").is_dir()


def test_a_copied_work_folder_prunes_in_itself(work, tmp_path):
    for digest in ("one", "two"):
        work.run(digest)
    before = work.files()
    copy = type(work)(tmp_path / "copy")
    shutil.copytree(work.folder, copy.folder)
    assert len(keep(copy, 1).runs) == 1
    assert copy.files() < before == work.files()
    # The copy still has the first folder's from the cache.
    assert {outcome for outcome, _ in copy.run("one")[1].values()} == {"cached"}


@pytest.mark.parametrize(
    ("values", "message"),
    [({"keep_runs": 0}, "keep_runs"), ({"keep_versions": 1}, "keep_versions")],
)
def test_less_than_what_is_live_and_what_is_before_it_is_refused(values, message):
    with pytest.raises(SettingsError, match=message):
        parse(RetentionConfig, values)


def moved(folder, made):
    """A copy of a work folder whose record has the copy's files for its own."""
    copy = type(made)(folder / "work")
    shutil.copytree(made.folder, copy.folder)
    with contextlib.closing(sqlite3.connect(copy.locations.metadata_path)) as database:
        change = "UPDATE Artifact SET uri = replace(uri, ?, ?)"
        database.execute(change, (str(made.folder), str(copy.folder)))
        database.commit()


def test_pruning_that_is_killed_at_any_instant_is_done_again(work, tmp_path):
    for digest in ("one", "two", "one"):
        work.run(digest)
    outputs = {"ModelSettings": "model.json", "SchemaImport": "schema.pbtxt"}
    ends = []
    for folder in killed_everywhere(
        lambda x: moved(x, work), lambda x: keep(type(work)(x / "work"), 1), tmp_path
    ):
        killed = type(work)(folder / "work")
        live = [x for x in killed.store.get_artifacts() if x.state == mlmd.Artifact.LIVE]
        # What the cache can find is whole.
        for artifact in live:
            place = pathlib.Path(artifact.uri)
            assert place.is_relative_to(folder) and (place / outputs[place.parts[-3]]).is_file()
        keep(killed, 1)
        assert len(names(killed)) == 1
        assert {name.split("/")[2] for name in killed.files()} == {"1", "2"}
        ends.append(len(live))
    assert (ends[0], ends[-1]) == (3, 2) and len(ends) > 15
