import gc
import pathlib
import shutil
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from city_model import expected_logits, push
from tensorflow.core.protobuf import saved_model_pb2

from serving import server as server_module
from serving.client import Client
from serving.errors import ModelLoadError, RequestError, ServingError
from serving.loading.version_files import versions_on_disk
from serving.loading.versions import State, Versions
from serving.server import ModelServer
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
        self.broken: dict[int, Exception] = {}
        self.loads: list[int] = []
        self.now = 1000.0
        self.versions = Versions(
            "m", base_path, self.load, retry_seconds=10.0, clock=lambda: self.now
        )

    def add(self, version: int | str) -> pathlib.Path:
        folder = self.base_path / str(version)
        folder.mkdir()
        (folder / "saved_model.pb").write_bytes(b"graph")
        return folder

    def load(self, path: pathlib.Path, version: int) -> FakeModel:
        self.loads.append(version)
        assert self.versions.statuses()[version].state == State.LOADING
        if version in self.broken:
            raise self.broken[version]
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
    with pytest.raises(FileNotFoundError):
        versions_on_disk(tmp_path / "absent")


def test_folders_are_numbered_as_tf_serving_reads_them(shelf, tmp_path):
    shelf.add(7)
    # More than 64 bits, Arabic-Indic and full-width digits, a superscript, a sign, blanks.
    for name in ("9" * 20, str(2**63), "٣", "３", "8²", "-8", "+8", " 8", "8.0", "0x8", "8_0"):
        shelf.add(name)
    assert versions_on_disk(tmp_path) == {7: tmp_path / "7"}
    shelf.add("007")
    assert versions_on_disk(tmp_path) == {7: tmp_path / "7"}
    shelf.add("008")
    shelf.add(2**63 - 1)
    assert versions_on_disk(tmp_path) == {
        7: tmp_path / "7",
        8: tmp_path / "008",
        2**63 - 1: tmp_path / str(2**63 - 1),
    }


def test_a_link_in_a_circle_is_no_version(shelf, tmp_path):
    shelf.add(7)
    (tmp_path / "8").symlink_to(tmp_path / "8")
    (tmp_path / "9").mkdir()
    (tmp_path / "9" / "saved_model.pb").symlink_to(tmp_path / "absent")
    shelf.versions.refresh()
    assert shelf.serving() == 7


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
    shelf.broken[2] = ModelLoadError(f"{folder} is broken")
    shelf.versions.refresh()
    shelf.versions.refresh()
    assert shelf.loads == [1, 2]
    assert shelf.serving() == 1
    status = shelf.versions.statuses()[2]
    assert status.state == State.END
    assert status.error == f"{folder} is broken"
    shelf.broken.clear()
    (folder / "saved_model.pb").write_bytes(b"another graph")
    shelf.versions.refresh()
    assert shelf.serving() == 2
    assert shelf.versions.statuses()[2].error == ""


def test_a_version_that_was_still_being_copied_is_tried_again(shelf):
    folder = shelf.add(1)
    shelf.broken[1] = ModelLoadError("there is half of it")
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


FAULTS = [
    ModelLoadError("it is broken"),
    KeyError("unforeseen"),
    MemoryError(),
    OSError(5, "Input/output error"),
    tf.errors.InternalError(None, None, "unforeseen"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_whatever_fails_the_older_version_serves(shelf, fault):
    for version in (1, 2, 3):
        shelf.add(version)
    shelf.broken = {2: fault, 3: fault}
    shelf.versions.refresh()
    assert shelf.loads == [3, 2, 1]
    assert shelf.serving() == 1
    assert shelf.states() == {3: "END", 2: "END", 1: "AVAILABLE"}
    error = shelf.versions.statuses()[3].error
    assert error == ("it is broken" if fault is FAULTS[0] else f"{type(fault).__name__}: {fault}")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_version_that_fails_is_tried_again_after_a_wait_that_doubles(shelf, fault):
    shelf.add(1)
    shelf.versions.refresh()
    shelf.add(2)
    shelf.broken[2] = fault
    began = shelf.now
    attempts: list[float] = []
    while shelf.now <= began + 2600:
        shelf.versions.refresh()
        if len(shelf.loads) > 1 + len(attempts):
            attempts.append(shelf.now - began)
        assert shelf.serving() == 1
        shelf.now += 5
    assert attempts == [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430]
    shelf.broken.clear()
    shelf.now = began + 2430 + 600
    shelf.versions.refresh()
    assert shelf.serving() == 2
    assert shelf.models[1].closed


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_watching_goes_on_after_an_unforeseen_error(shelf, caplog):
    folder = shelf.add(1)
    shelf.broken[1] = KeyError("unforeseen")
    stop = threading.Event()
    watcher = threading.Thread(target=shelf.versions.watch, args=(stop, 0.01))
    watcher.start()
    try:
        wait_until(lambda: shelf.states() == {1: "END"})
        shelf.broken.clear()
        (folder / "saved_model.pb").write_bytes(b"another graph")
        wait_until(lambda: shelf.states() == {1: "AVAILABLE"})
    finally:
        stop.set()
        watcher.join()
    assert "version 1 of m stays out of service, next attempt in 10 s" in caplog.text
    assert "KeyError: 'unforeseen'" in caplog.text
    assert shelf.models[1].closed


def test_a_version_is_loaded_once_however_many_look(tmp_path):
    loads: list[int] = []

    def load(path, version):
        loads.append(version)
        time.sleep(0.1)
        return FakeModel()

    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"graph")
    versions = Versions("m", tmp_path, load)
    together = threading.Barrier(8)

    def look():
        together.wait()
        versions.refresh()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]


def test_a_base_path_that_vanishes_keeps_the_live_version(tmp_path, caplog):
    shelf = Shelf(tmp_path / "base")
    shelf.base_path.mkdir()
    shelf.add(1)
    shelf.versions.refresh()
    away = shelf.base_path.rename(tmp_path / "away")
    for _ in range(3):
        shelf.versions.refresh()
        assert shelf.serving() == 1
    assert caplog.text.count(f"{shelf.base_path} can't be read, trying again") == 1
    shelf.base_path.write_text("a file")
    shelf.versions.refresh()
    shelf.base_path.unlink()
    shelf.base_path.symlink_to(tmp_path / "nowhere")
    shelf.versions.refresh()
    assert shelf.serving() == 1
    assert not shelf.models[1].closed
    shelf.base_path.unlink()
    away.rename(shelf.base_path)
    shelf.add(2)
    shelf.versions.refresh()
    assert shelf.serving() == 2
    assert shelf.loads == [1, 2]


def test_a_removed_version_serves_on_where_no_other_can_be_loaded(shelf, tmp_path):
    shelf.add(1)
    shelf.add(2)
    shelf.versions.refresh()
    shelf.broken[1] = ModelLoadError("it is broken")
    shutil.rmtree(tmp_path / "2")
    shelf.versions.refresh()
    assert shelf.serving() == 2


def test_a_removed_version_gives_way_to_the_one_left(shelf, tmp_path):
    shelf.add(1)
    shelf.add(2)
    shelf.versions.refresh()
    shutil.rmtree(tmp_path / "2")
    shelf.versions.refresh()
    assert shelf.serving() == 1
    assert shelf.states() == {2: "END", 1: "AVAILABLE"}
    assert shelf.models[2].closed


@pytest.mark.parametrize("left", ["nothing", "half a version"])
def test_the_last_version_serves_on_where_none_is_left(shelf, tmp_path, caplog, left):
    # So looks a mount point whose disk is away.
    folder = shelf.add(1)
    shelf.versions.refresh()
    (folder / "saved_model.pb").unlink()
    if left == "nothing":
        folder.rmdir()
    for _ in range(3):
        shelf.versions.refresh()
        assert shelf.serving() == 1
    assert caplog.text.count(f"{tmp_path} holds no version any more, 1 serves on") == 1
    assert shelf.states() == {1: "AVAILABLE"} and not shelf.models[1].closed
    shelf.add(2)
    shelf.versions.refresh()
    assert shelf.states() == {2: "AVAILABLE", 1: "END"}
    assert shelf.loads == [1, 2]


def test_a_version_whose_disk_fails_serves_on(shelf, tmp_path, caplog):
    shelf.add(1)
    graph = shelf.add(2) / "saved_model.pb"
    shelf.versions.refresh()
    graph.unlink()
    graph.symlink_to("x" * 300)  # What follows it gets ENAMETOOLONG.
    unreadable = shelf.add(3) / "saved_model.pb"
    unreadable.unlink()
    unreadable.symlink_to("x" * 300)
    for _ in range(3):
        shelf.versions.refresh()
        assert shelf.serving() == 2
    assert shelf.loads == [2]
    assert caplog.text.count(f"{tmp_path / '2'} can't be read and serves on: [Errno 36]") == 1
    assert caplog.text.count(f"{tmp_path / '3'} is left out: [Errno 36]") == 1


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
        write_warmup_requests(damaged, "cities", [("predict", {"city": np.array([b"a"], object)})])
    push(saved_model, base_path, 1)
    with (
        ModelServer("cities", base_path, poll_seconds=0.05) as server,
        Client(server.target, "cities") as client,
    ):
        client.wait_until_available()
        push(damaged, base_path, 2)
        with pytest.raises(ServingError, match="version 2 .* can't be served: cities/2") as caught:
            client.wait_until_available(version=2)
        assert str(tmp_path) not in str(caught.value)
        (new, old) = client.status()
        assert (new.version, new.state, old.state) == (2, "END", "AVAILABLE")
        assert client.predict(ROWS)["logit"].tolist() == [6.0]


def _open_sessions():
    gc.collect()
    kinds = (tf.compat.v1.Session,)
    return [x for x in gc.get_objects() if isinstance(x, kinds) and not x._closed]


@pytest.mark.parametrize("damage", ["signature", "warm-up"])
def test_an_unforeseen_error_leaves_no_session_and_the_older_version_serves(
    saved_model, tmp_path, damage
):
    base_path = tmp_path / "served"
    base_path.mkdir()
    push(saved_model, base_path, 1)
    damaged = shutil.copytree(saved_model, tmp_path / "damaged")
    if damage == "signature":
        file = damaged / "saved_model.pb"
        graph = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        for output in graph.meta_graphs[0].signature_def["predict"].outputs.values():
            output.name = "nowhere:0"
        file.write_bytes(graph.SerializeToString())
    else:
        # A record that can't be read, from a folder in the file's place.
        (damaged / "assets.extra" / "tf_serving_warmup_requests").mkdir(parents=True)
    push(damaged, base_path, 2)
    before = len(_open_sessions())
    with (
        ModelServer("cities", base_path) as server,
        Client(server.target, "cities") as client,
    ):
        assert server.versions.looked.wait(60)
        assert client.predict(ROWS)["logit"].tolist() == [6.0]
        (new, old) = client.status()
        assert (new.version, new.state, old.state) == (2, "END", "AVAILABLE")
        assert new.error and str(tmp_path) not in new.error
        assert len(_open_sessions()) == before + 1
    assert len(_open_sessions()) == before


def test_warm_up_comes_before_available(saved_model, tmp_path, monkeypatch):
    folder = push(saved_model, tmp_path, 1)
    write_warmup_requests(folder, "cities", [("predict", ROWS), ("predict", ROWS)])
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
