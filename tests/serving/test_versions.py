import pathlib
import shutil
import threading
import time

import numpy as np
import pytest
from city_model import expected_logits, push

from serving import server as server_module
from serving.client import Client
from serving.errors import ModelLoadError, RequestError, ServingError
from serving.server import ModelServer
from serving.versions import State, Versions, versions_on_disk
from serving.warmup import write_warmup_requests

ROWS = {"city": np.array(["osaka"], object), "age": np.array([2.0], np.float32)}


class FakeModel:
    """Stands in for a loaded model where only its life matters."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Shelf:
    """Version folders on disk and the models loaded from them."""

    def __init__(self, base_path: pathlib.Path) -> None:
        self.base_path = base_path
        self.models: dict[int, FakeModel] = {}
        self.broken: set[int] = set()
        self.loads: list[int] = []
        self.versions = Versions("m", base_path, self.load)

    def add(self, version: int) -> pathlib.Path:
        folder = self.base_path / str(version)
        folder.mkdir()
        (folder / "saved_model.pb").write_bytes(b"graph")
        return folder

    def load(self, path: pathlib.Path, version: int) -> FakeModel:
        self.loads.append(version)
        assert self.versions.statuses()[version].state == State.LOADING
        if version in self.broken:
            raise ModelLoadError(f"{path} is broken")
        self.models[version] = FakeModel()
        return self.models[version]

    def serving(self) -> int:
        with self.versions.borrow() as (version, _):
            return version

    def states(self) -> dict[int, str]:
        return {version: status.state.name for version, status in self.versions.statuses().items()}


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def test_only_complete_numbered_folders_count(shelf, tmp_path):
    shelf.add(3)
    (tmp_path / "4").mkdir()  # Its saved_model.pb is still to come.
    (tmp_path / "5").write_text("a file")
    shelf.add(6).rename(tmp_path / "temporary-6")
    assert versions_on_disk(tmp_path) == {3: tmp_path / "3"}
    assert versions_on_disk(tmp_path / "absent") == {}


def test_nothing_serves_before_a_version_is_there(shelf):
    shelf.versions.refresh()
    with pytest.raises(RequestError, match=r"^Servable not found for request: Latest\(m\)$"):
        shelf.serving()
    assert shelf.versions.statuses() == {}


def test_the_newest_serves_and_the_older_is_unloaded(shelf):
    shelf.add(2)
    shelf.add(10)
    shelf.versions.refresh()
    assert shelf.serving() == 10
    assert shelf.loads == [10]  # By number, not by text; and no version in vain.
    shelf.add(11)
    shelf.versions.refresh()
    assert shelf.serving() == 11
    assert shelf.models[10].closed
    assert shelf.states() == {11: "AVAILABLE", 10: "END"}
    with pytest.raises(RequestError, match=r"Specific\(m, 10\)"), shelf.versions.borrow(10):
        pass


def test_a_request_keeps_its_version_loaded(shelf):
    shelf.add(1)
    shelf.versions.refresh()
    with shelf.versions.borrow() as (version, model):
        shelf.add(2)
        shelf.versions.refresh()
        assert version == 1
        assert not model.closed
        assert shelf.states() == {2: "AVAILABLE", 1: "UNLOADING"}
        assert shelf.serving() == 2
    assert model.closed
    assert shelf.states() == {2: "AVAILABLE", 1: "END"}


def test_a_broken_version_changes_nothing_and_is_tried_again_once_changed(shelf):
    shelf.add(1)
    shelf.versions.refresh()
    folder = shelf.add(2)
    shelf.broken.add(2)
    shelf.versions.refresh()
    shelf.versions.refresh()
    assert shelf.loads == [1, 2]
    assert shelf.serving() == 1
    status = shelf.versions.statuses()[2]
    assert status.state == State.END
    assert status.error == f"{folder} is broken"
    shelf.broken.clear()
    time.sleep(0.02)  # Longer than the file system's tick.
    (folder / "saved_model.pb").write_bytes(b"mended")
    shelf.versions.refresh()
    assert shelf.serving() == 2
    assert shelf.versions.statuses()[2].error == ""


def test_a_version_that_was_still_being_copied_is_tried_again(shelf):
    folder = shelf.add(1)
    shelf.broken.add(1)
    shelf.versions.refresh()
    assert shelf.states() == {1: "END"}
    (folder / "variables").mkdir()
    (folder / "variables" / "variables.index").write_bytes(b"the rest of the copy")
    shelf.broken.clear()
    shelf.versions.refresh()
    assert shelf.serving() == 1


def test_the_first_look_ends_with_the_load(tmp_path):
    loading, finish = threading.Event(), threading.Event()

    def load(path, version):
        loading.set()
        assert finish.wait(60)
        return FakeModel()

    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"graph")
    versions, stop = Versions("m", tmp_path, load), threading.Event()
    watcher = threading.Thread(target=versions.watch, args=(stop, 60.0))
    watcher.start()
    assert loading.wait(60) and not versions.looked.is_set()
    finish.set()
    assert versions.looked.wait(60)
    assert versions.statuses()[1].state == State.AVAILABLE
    stop.set()
    watcher.join()


def test_an_unforeseen_error_does_not_end_the_watching(tmp_path, caplog):
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"graph")
    stop, model = threading.Event(), FakeModel()

    def load(path, version):
        if not caplog.records:
            raise KeyError("unforeseen")
        stop.set()
        return model

    Versions("m", tmp_path, load).watch(stop, 0.01)
    assert "can't be followed" in caplog.text
    assert model.closed


def test_a_removed_version_gives_way_to_the_one_left(shelf, tmp_path):
    shelf.add(1)
    shelf.add(2)
    shelf.versions.refresh()
    shutil.rmtree(tmp_path / "2")
    shelf.versions.refresh()
    assert shelf.serving() == 1
    shutil.rmtree(tmp_path / "1")
    shelf.versions.refresh()
    assert shelf.states() == {2: "END", 1: "END"}
    assert all(model.closed for model in shelf.models.values())
    with pytest.raises(RequestError, match="Servable not found"):
        shelf.serving()


def test_stopping_unloads(shelf):
    shelf.add(1)
    stop = threading.Event()
    stop.set()
    shelf.versions.watch(stop, 60.0)
    assert shelf.models[1].closed


def test_no_request_fails_while_versions_change(saved_model, other_model, tmp_path):
    push(saved_model, tmp_path, 1)
    old, new = (float(expected_logits(["osaka"], [2.0], bias)[0]) for bias in (0.0, 100.0))
    answers: list[list[float]] = [[], [], []]
    done = threading.Event()

    def ask(into: list[float]) -> None:
        with Client(server.target, "cities") as client:
            while not done.is_set():
                into.append(float(client.predict(ROWS)["logit"][0]))

    with (
        ModelServer("cities", tmp_path, poll_seconds=0.05) as server,
        Client(server.target, "cities") as client,
    ):
        client.wait_until_available()
        threads = [threading.Thread(target=ask, args=(into,)) for into in answers]
        for thread in threads:
            thread.start()
        push(other_model, tmp_path, 2)
        client.wait_until_available(version=2)
        counts = [len(into) for into in answers]
        while any(len(into) < count + 20 for into, count in zip(answers, counts, strict=True)):
            assert all(thread.is_alive() for thread in threads)  # A failed request ends one.
            time.sleep(0.005)
        done.set()
        for thread in threads:
            thread.join()
        with pytest.raises(ServingError, match=r"Specific\(cities, 1\)"):
            client.predict(ROWS, version=1)
    for into in answers:
        assert set(into) == {old, new}
        assert into == sorted(into, key=[old, new].index)  # Never back to the old one.


@pytest.mark.parametrize("damage", ["graph", "variables", "vocabulary", "warm-up"])
def test_a_damaged_version_is_reported_and_the_former_serves(saved_model, tmp_path, damage):
    base_path = tmp_path / "served"
    base_path.mkdir()
    damaged = shutil.copytree(saved_model, tmp_path / "damaged")
    if damage == "graph":
        (damaged / "saved_model.pb").write_bytes(b"no graph")
    elif damage == "variables":
        (damaged / "variables" / "variables.data-00000-of-00001").write_bytes(b"")
    elif damage == "vocabulary":
        (damaged / "assets" / "cities.txt").unlink()
    else:
        write_warmup_requests(damaged, "cities", [{"city": np.array([b"a"], object)}], "predict")
    push(saved_model, base_path, 1)
    with (
        ModelServer("cities", base_path, poll_seconds=0.05) as server,
        Client(server.target, "cities") as client,
    ):
        client.wait_until_available()
        push(damaged, base_path, 2)
        with pytest.raises(ServingError, match=f"version 2 .* can't be served: {base_path}/2"):
            client.wait_until_available(version=2)
        (new, old) = client.status()
        assert (new.version, new.state, old.state) == (2, "END", "AVAILABLE")
        assert client.predict(ROWS)["logit"].tolist() == [6.0]


def test_warm_up_comes_before_available(saved_model, tmp_path, monkeypatch):
    folder = push(saved_model, tmp_path, 1)
    write_warmup_requests(folder, "cities", [ROWS, ROWS], "predict")
    replaying, go_on = threading.Event(), threading.Event()
    replay = server_module.warmup.replay

    def slow_replay(model, version):
        replaying.set()
        assert go_on.wait(10)
        counts.append(replay(model, version))
        return counts[-1]

    counts: list[int] = []
    monkeypatch.setattr(server_module.warmup, "replay", slow_replay)
    with (
        ModelServer("cities", tmp_path) as server,
        Client(server.target, "cities") as client,
    ):
        assert replaying.wait(10)
        assert [item.state for item in client.status()] == ["LOADING"]
        with pytest.raises(ServingError, match=r"Latest\(cities\)"):
            client.predict(ROWS)
        go_on.set()
        assert client.wait_until_available() == 1
    assert counts == [2]
