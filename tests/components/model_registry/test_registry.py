import json
import multiprocessing
import os

import pytest
from made_entries import made_entry

from components.model_registry import registry
from components.model_registry.registry import Entry, RegistryError


def entry(version: str, fingerprint: str = "a") -> Entry:
    return made_entry(version, run_fingerprint=fingerprint)


def test_a_missing_registry_is_empty(tmp_path):
    assert registry.entries(tmp_path / "none.json") == ()


def test_entries_come_back_in_order(tmp_path):
    path = tmp_path / "made" / "registry.json"
    registry.append(path, entry("1"))
    registry.append(path, entry("2"))
    assert registry.entries(path) == (entry("1"), entry("2"))


def test_a_registry_in_a_tensorflow_file_system(tmp_path, monkeypatch):
    (tmp_path / "bucket").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    address = f"file://{tmp_path}/bucket/registry.json"
    assert registry.entries(address) == ()
    registry.append(address, entry("1"))
    registry.append(address, entry("2"))
    assert registry.entries(tmp_path / "bucket" / "registry.json") == (entry("1"), entry("2"))
    assert registry.entries(address) == (entry("1"), entry("2"))
    assert list((tmp_path / "here").iterdir()) == []  # No local folder called `file:`.


def test_a_push_is_registered_once(tmp_path):
    path = tmp_path / "registry.json"
    for _ in range(2):
        registry.append(path, entry("1"))
    registry.append(path, entry("2"))
    assert registry.entries(path) == (entry("1"), entry("2"))


def test_what_a_run_found_is_added_to_its_entry(tmp_path):
    path = tmp_path / "registry.json"
    known = {"model": "", "spans": (), "gate": {}, "time": "2026-01-01T00:00:00+00:00"}
    for version in ("1", "2"):
        registry.append(path, made_entry(version, **known))
    found = made_entry("1", run_fingerprint="other", time="later")
    assert registry.complete(path, found) == made_entry("1")
    assert registry.entries(path) == (made_entry("1"), made_entry("2", **known))
    # What is not there is appended: its registry may have been lost.
    assert registry.complete(path, made_entry("3")) == made_entry("3")
    assert registry.entries(path)[2] == made_entry("3")


def test_absolute_places_of_earlier_revisions_are_kept_and_known(tmp_path):
    path = tmp_path / "registry.json"
    old = made_entry("1", pushed_destination=f"{tmp_path}/serving/1")
    registry.write(path, [old])
    registry.append(path, old)
    assert registry.entries(path) == (old,)
    registry.append(path, made_entry("2", pushed_destination=f"{tmp_path}/serving/2"))
    assert registry.entries(path)[1].pushed_destination == "serving/2"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"versions": [{"version": "1"}]}', '{"versions": 3}', "\x00\xff"]
)
def test_a_corrupt_file_is_named_and_kept(tmp_path, text):
    path = tmp_path / "registry.json"
    path.write_text(text)
    with pytest.raises(RegistryError, match="registry.json is corrupt"):
        registry.entries(path)
    with pytest.raises(RegistryError):
        registry.append(path, entry("1"))
    assert path.read_text() == text


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "registry.json"
    registry.append(path, entry("1"))

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        registry.append(path, entry("2"))
    assert registry.entries(path) == (entry("1"),)
    assert not [name for name in tmp_path.iterdir() if name.name.startswith(".registry.json.t")]


def _append_ten(path: str, worker: int) -> None:
    for i in range(10):
        registry.append(path, entry(f"{worker}-{i}"))


def test_writers_wait_for_each_other(tmp_path):
    path = tmp_path / "registry.json"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_ten, args=(str(path), w)) for w in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    versions = [found["version"] for found in json.loads(path.read_text())["versions"]]
    assert sorted(versions) == sorted(f"{w}-{i}" for w in range(4) for i in range(10))
