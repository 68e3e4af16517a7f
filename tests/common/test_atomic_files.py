"""What is written whole: nothing is left of what failed, or of a process that was killed."""

import os
import pathlib
import signal
import stat
import subprocess
import sys
import threading

import pytest
import tensorflow as tf

from common.atomic_files import whole_file, whole_folder, write_whole

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _names(folder: pathlib.Path) -> list[str]:
    return sorted(x.name for x in folder.iterdir())


@pytest.fixture
def remote():
    """A folder of TensorFlow's file system in memory."""
    folder = "ram://atomic"
    tf.io.gfile.makedirs(folder)
    yield folder
    tf.io.gfile.rmtree(folder)


@pytest.mark.parametrize(
    ("content", "expected"), [("ä\n", b"\xc3\xa4\n"), (b"\x00\xff", b"\x00\xff")]
)
def test_a_file_is_written_with_the_folders_above_it(tmp_path, content, expected):
    path = tmp_path / "a" / "b.txt"
    write_whole(path, content)
    assert path.read_bytes() == expected and _names(path.parent) == ["b.txt"]


def test_a_path_without_a_folder_is_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_whole("b.txt", "new")
    assert (tmp_path / "b.txt").read_text() == "new" and _names(tmp_path) == ["b.txt"]


@pytest.mark.parametrize(
    ("umask", "mode", "expected"), [(0o077, 0o644, 0o644), (0o027, None, 0o640)]
)
def test_permissions_are_those_asked_for_or_the_umasks(tmp_path, umask, mode, expected):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", "x", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == expected


def test_a_file_is_flushed_before_it_takes_its_name(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append(_names(tmp_path)))
    write_whole(tmp_path / "file", "x")
    ((name,),) = seen
    assert name.startswith(".file.") and name.endswith(".unfinished")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_file_that_fails_leaves_the_old_one_and_nothing_else(tmp_path, error):
    (tmp_path / "rows.parquet").write_text("old")
    with pytest.raises(error), whole_file(tmp_path / "rows.parquet") as unfinished:
        pathlib.Path(unfinished).write_text("half")
        assert list(tmp_path.glob("*.parquet")) == [tmp_path / "rows.parquet"]
        raise error
    assert (tmp_path / "rows.parquet").read_text() == "old"
    assert _names(tmp_path) == ["rows.parquet"]


def test_a_remote_file_is_replaced_whole(remote):
    write_whole(f"{remote}/a/file", "old")
    write_whole(f"{remote}/a/file", "new")
    assert tf.io.gfile.GFile(f"{remote}/a/file").read() == "new"
    assert tf.io.gfile.listdir(f"{remote}/a") == ["file"]


def test_a_remote_file_that_fails_leaves_the_old_one_and_nothing_else(remote):
    write_whole(f"{remote}/file", "old")
    with pytest.raises(ValueError), whole_file(f"{remote}/file") as unfinished:
        with tf.io.gfile.GFile(unfinished, "w") as file:
            file.write("half")
        raise ValueError
    with pytest.raises(ValueError), whole_file(f"{remote}/file"):
        raise ValueError
    assert tf.io.gfile.GFile(f"{remote}/file").read() == "old"
    assert tf.io.gfile.listdir(remote) == ["file"]


def test_a_folder_takes_its_name_when_it_is_complete(tmp_path):
    with whole_folder(tmp_path / "log" / "span=1") as unfinished:
        (unfinished / "part-0").write_text("x")
        assert unfinished.parent == tmp_path / "log"
        assert not list((tmp_path / "log").glob("span=*"))
    assert _names(tmp_path / "log") == ["span=1"]
    assert _names(tmp_path / "log" / "span=1") == ["part-0"]
    before = os.umask(0)
    os.umask(before)
    assert stat.S_IMODE((tmp_path / "log" / "span=1").stat().st_mode) == 0o777 & ~before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_the_old_one_and_nothing_else(tmp_path, error):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "old").touch()
    with pytest.raises(error), whole_folder(tmp_path / "rows", replace=True) as unfinished:
        (unfinished / "new").touch()
        raise error
    assert _names(tmp_path) == ["rows"] and _names(tmp_path / "rows") == ["old"]


def test_a_folder_is_replaced_only_where_that_is_said(tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "old").touch()
    with pytest.raises(OSError), whole_folder(tmp_path / "rows") as unfinished:
        (unfinished / "new").touch()
    assert _names(tmp_path) == ["rows"] and _names(tmp_path / "rows") == ["old"]
    with whole_folder(tmp_path / "rows", replace=True) as unfinished:
        (unfinished / "new").touch()
    assert _names(tmp_path) == ["rows"] and _names(tmp_path / "rows") == ["new"]


def test_folders_may_be_written_within_each_other(tmp_path):
    with whole_folder(tmp_path / "rows") as outer, whole_folder(outer / "data") as inner:
        (inner / "file").touch()
    assert (tmp_path / "rows" / "data" / "file").is_file()
    assert _names(tmp_path / "rows") == ["data"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    script = (
        "import os, signal\n"
        "from common.atomic_files import whole_folder\n"
        f"with whole_folder({str(tmp_path / 'rows')!r}) as unfinished:\n"
        "    (unfinished / 'half').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL and len(_names(tmp_path)) == 1
    with whole_folder(tmp_path / "rows") as unfinished:
        assert _names(tmp_path) == [unfinished.name]


def test_what_another_is_writing_stays_and_the_first_to_end_wins(tmp_path):
    def write_faster():
        with whole_folder(tmp_path / "rows") as unfinished:
            (unfinished / "fast").touch()

    with pytest.raises(OSError), whole_folder(tmp_path / "rows") as unfinished:
        (unfinished / "slow").touch()
        other = threading.Thread(target=write_faster)
        other.start()
        other.join()
        assert (unfinished / "slow").exists()
    assert _names(tmp_path / "rows") == ["fast"] and _names(tmp_path) == ["rows"]
