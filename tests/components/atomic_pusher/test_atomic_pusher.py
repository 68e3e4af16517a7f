"""A version is pushed whole or not at all; the disk's room is limited for real."""

import json
import os
import stat
import threading
import time

import pytest
from made_entries import made_entry
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from common.full_disk import DiskFullError
from components.atomic_pusher.component import AtomicPusher
from components.atomic_pusher.executor import Executor
from components.atomic_pusher.staging import ClockError
from components.model_registry import registry
from components.model_registry.places import OutsideError
from components.model_registry.refused_push import RefusedPushError
from components.model_registry.rollback import roll_back
from components.register_pushed.run_info import RunInfo


@pytest.fixture
def push(tmp_path):
    """Pushes a model of 10 kB of graph and 50 kB of weights; returns the PushedModel."""
    model, blessing = standard_artifacts.Model(), standard_artifacts.ModelBlessing()
    weights = tmp_path / "model" / "Format-Serving" / "variables" / "variables.data"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"w" * 50_000)
    (weights.parents[1] / "saved_model.pb").write_bytes(b"g" * 10_000)
    model.uri, blessing.uri = str(tmp_path / "model"), str(tmp_path / "blessing")
    blessing.set_int_custom_property("blessed", 1)

    baseline = standard_artifacts.Model()
    baseline.set_string_custom_property("run_fingerprint", "mine")

    def run(live=""):
        baseline.set_string_custom_property("live", live)
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        destination = pusher_pb2.PushDestination()
        destination.filesystem.base_directory = str(tmp_path / "serving")
        properties = {
            "push_destination": proto_utils.proto_to_json(destination),
            "registry_path": str(tmp_path / "registry.json"),
            "run_info": RunInfo(schema_digest="d", scenarios=("home",)).model_dump_json(),
            "code_digest": "x",
        }
        inputs = {"model": [model], "model_blessing": [blessing], "baseline_model": [baseline]}
        Executor().Do(inputs, {"pushed_model": [pushed]}, properties)
        return pushed

    return run


def _versions(tmp_path):
    folder = tmp_path / "serving"
    return {x.name: sum(f.is_file() for f in x.rglob("*")) for x in folder.iterdir()}


def test_a_version_without_room_is_removed_and_told(push, room, tmp_path):
    (tmp_path / "serving" / "7").mkdir(parents=True)
    (tmp_path / "serving" / "7" / "saved_model.pb").touch()
    room(30_000)
    with pytest.raises(DiskFullError, match=f"{tmp_path}/serving can't be written: .*free some"):
        push()
    # The version that serves stays; of the new one there is nothing.
    assert _versions(tmp_path) == {"7": 1}


def test_a_version_appears_with_all_of_its_files(push, tmp_path):
    # What a server would find whenever it looked: TF Serving loads every folder with a number.
    folder, pushing = tmp_path / "serving", threading.Event()
    files = tmp_path / "model" / "Format-Serving" / "assets"
    files.mkdir()
    for number in range(500):
        (files / f"vocabulary_{number}").touch()
    seen: list[dict[str, int]] = []

    def look():
        while pushing.is_set():
            if folder.is_dir():
                names = [path.name for path in folder.iterdir() if path.name.isdecimal()]
                seen.append({n: sum(len(f) for _, _, f in os.walk(folder / n)) for n in names})

    pushing.set()
    server = threading.Thread(target=look)
    server.start()
    version = push().get_string_custom_property("pushed_version")
    pushing.clear()
    server.join()
    assert {} in seen  # It looked while the version was being written.
    assert all(versions in ({}, {version: 502}) for versions in seen)
    assert _versions(tmp_path) == {version: 502}


def test_what_serves_may_read_the_version(push, tmp_path):
    version = push().get_string_custom_property("pushed_version")
    os.umask(mask := os.umask(0))
    assert stat.S_IMODE((tmp_path / "serving" / version).stat().st_mode) == 0o777 & ~mask


def test_a_blocked_push_leaves_what_was_there(push, tmp_path):
    (tmp_path / "serving").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        push()
    assert (tmp_path / "serving").read_text() == "a file where the folder should be"


def test_names_that_are_no_versions_are_left_alone(push, tmp_path):
    names = ["9" * 20, "٣", "notes"]
    for name in names:
        (tmp_path / "serving" / name).mkdir(parents=True)
    version = push().get_string_custom_property("pushed_version")
    assert _versions(tmp_path) == {version: 2, **dict.fromkeys(names, 0)}


def test_a_version_is_numbered_above_all_others(push, tmp_path):
    # As a rollback in the same second leaves them.
    newest = int(time.time()) + 1
    (tmp_path / "serving" / str(newest)).mkdir(parents=True)
    (tmp_path / "serving" / str(newest) / "saved_model.pb").touch()
    pushed = push()
    assert int(pushed.get_string_custom_property("pushed_version")) > newest
    assert len(_versions(tmp_path)) == 2


def test_folders_are_known_by_their_names_in_object_stores_too(push, tmp_path, monkeypatch):
    # These end the names of folders with a slash.
    listed = fileio.listdir
    monkeypatch.setattr(fileio, "listdir", lambda path: [f"{name}/" for name in listed(path)])
    newest = int(time.time()) + 1000
    (tmp_path / "serving" / str(newest)).mkdir(parents=True)
    (tmp_path / "serving" / str(newest) / "saved_model.pb").touch()
    with pytest.raises(ClockError, match=f"version {newest} "):
        push()


def test_a_clock_behind_the_newest_version_is_told(push, tmp_path):
    newest = int(time.time()) + 1000
    (tmp_path / "serving" / str(newest)).mkdir(parents=True)
    (tmp_path / "serving" / str(newest) / "saved_model.pb").touch()
    with pytest.raises(ClockError, match=rf"version {newest} .* seconds later .* set the clock"):
        push()
    assert _versions(tmp_path) == {str(newest): 1}


def test_what_a_killed_run_left_is_removed_by_the_next(push, tmp_path):
    for name, file in (
        ("7", "saved_model.pb"),
        ("8", "variables"),
        ("notes", "variables"),
        (".pushing-x1y2.unfinished", "variables"),
    ):
        (tmp_path / "serving" / name).mkdir(parents=True)
        (tmp_path / "serving" / name / file).touch()
    version = push().get_string_custom_property("pushed_version")
    assert _versions(tmp_path) == {"7": 1, "notes": 1, version: 2}


def test_with_room_it_is_tfxs_pusher(push, tmp_path):
    pushed = push()
    version = pushed.get_string_custom_property("pushed_version")
    assert _versions(tmp_path) == {version: 2}
    destination = pushed.get_string_custom_property("pushed_destination")
    assert destination == f"{tmp_path}/serving/{version}"
    assert pushed.get_int_custom_property("pushed") == 1


def test_what_is_pushed_is_registered(push, tmp_path):
    version = push().get_string_custom_property("pushed_version")
    (entry,) = registry.entries(tmp_path / "registry.json")
    assert (entry.version, entry.pushed_destination) == (version, f"serving/{version}")
    assert (entry.run_fingerprint, entry.schema_digest) == ("mine", "d")
    assert (entry.scenarios, entry.rollback_of, entry.spans) == (("home",), None, ())


def test_over_a_version_that_was_made_live_meanwhile_nothing_is_pushed(push, tmp_path):
    for version in ("100", "200"):
        registry.append(tmp_path / "registry.json", made_entry(version, run_fingerprint="other"))
        (tmp_path / "serving" / version).mkdir(parents=True)
        (tmp_path / "serving" / version / "saved_model.pb").touch()
    copied = roll_back(str(tmp_path / "registry.json"))
    before = registry.entries(tmp_path / "registry.json")
    with pytest.raises(RefusedPushError, match=f"version {copied.version}, a copy of 100, was"):
        push(live="200")
    assert registry.entries(tmp_path / "registry.json") == before
    assert _versions(tmp_path) == {"100": 1, "200": 1, copied.version: 1}
    # The next run is compared with what is live, and pushes.
    pushed = push(live=copied.version)
    assert int(pushed.get_string_custom_property("pushed_version")) > int(copied.version)


def test_after_a_kill_before_its_record_the_same_run_pushes_once(push, tmp_path):
    first = push(live="").get_string_custom_property("pushed_version")
    # TFX does not know of it; Baseline has not changed, so it comes from the cache.
    again = push(live="")
    assert again.get_string_custom_property("pushed_version") == first
    destination = again.get_string_custom_property("pushed_destination")
    assert destination == f"{tmp_path}/serving/{first}"
    assert again.get_int_custom_property("pushed") == 1
    assert _versions(tmp_path) == {first: 2}
    assert [x.version for x in registry.entries(tmp_path / "registry.json")] == [first]


@pytest.mark.parametrize("change", ["weights", "one more file", "a rollback"])
def test_what_is_live_is_not_this_model_and_it_is_pushed(push, tmp_path, change):
    path = tmp_path / "registry.json"
    first = push(live="").get_string_custom_property("pushed_version")
    model, live = tmp_path / "model" / "Format-Serving", ""
    if change == "weights":
        (model / "variables" / "variables.data").write_bytes(b"w" * 49_999 + b"v")
    elif change == "one more file":
        (model / "fingerprint.pb").touch()
    else:
        # Whatever was live in between, a copy of this model is no push of this run.
        known = registry.entries(path)
        registry.write(path, [known[0].model_copy(update={"rollback_of": "1"})])
        live = first
    second = push(live=live).get_string_custom_property("pushed_version")
    assert [x.version for x in registry.entries(path)] == [first, second]


def test_a_folder_of_versions_that_leads_elsewhere_is_refused(push, tmp_path):
    (tmp_path / "production").mkdir()
    (tmp_path / "production" / "serving").mkdir()
    work = tmp_path / "serving"
    work.symlink_to(tmp_path.parent)
    with pytest.raises(OutsideError, match="what is made live here would be made live there"):
        push()


def test_in_an_object_store_it_is_registered_too(push, tmp_path, monkeypatch):
    from components.atomic_pusher import executor

    # A file system that can't rename a folder at once, as the executor sees it.
    monkeypatch.setattr(executor, "is_remote", lambda _: True)
    version = push().get_string_custom_property("pushed_version")
    (entry,) = registry.entries(tmp_path / "registry.json")
    assert entry.version == version
    with pytest.raises(RefusedPushError):
        push(live="another")
    assert _versions(tmp_path) == {version: 2}


def test_it_is_called_pusher_in_the_pipeline(tmp_path):
    from tfx.types import channel

    component = AtomicPusher(
        model=channel.Channel(type=standard_artifacts.Model),
        model_blessing=channel.Channel(type=standard_artifacts.ModelBlessing),
        infra_blessing=channel.Channel(type=standard_artifacts.InfraBlessing),
        baseline_model=channel.Channel(type=standard_artifacts.Model),
        serving_dir="x",
        registry_path="y",
        run_info=RunInfo(),
        code_digest="z",
    ).with_id("Pusher")
    assert component.id == "Pusher"
    destination = json.loads(component.exec_properties["push_destination"])
    assert destination["filesystem"]["base_directory"] == "x"
