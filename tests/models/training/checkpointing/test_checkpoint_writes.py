"""Checkpoints are on the disk and read back before the one before is removed."""

import logging
import pathlib

import pytest
from damaged_checkpoints import DATA, FILES, NEWEST, cut, flip, restored, saved

import common.atomic_files
from models.training.checkpointing import checkpoint_files, checkpoints
from models.training.checkpointing.checkpoint_files import seal


def test_what_cannot_be_read_back_leaves_the_one_before(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    saved(tmp_path, 1, step=1)

    def sealed_and_cut(folder: str, state: dict) -> None:
        seal(folder, state)
        cut(lambda n: n // 2)(pathlib.Path(folder, DATA))

    with monkeypatch.context() as patch:
        patch.setattr("models.training.checkpointing.checkpoints.seal", sealed_and_cut)
        saved(tmp_path, 2, step=2)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["step-000000000"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert caplog.records[0].levelno == logging.WARNING
    assert f"{tmp_path}/run/{NEWEST} can't be used: its file {DATA} has " in line
    state, weights = restored(tmp_path)
    assert state is not None and (state.step, weights) == (1, 1)


def test_a_content_that_tensorflow_refuses_is_found_when_read_back(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Our checksums are of the file as it lies there, TensorFlow's of what it wrote."""

    def cut_and_sealed(folder: str, state: dict) -> None:
        flip(lambda n: n // 2)(pathlib.Path(folder, DATA))
        seal(folder, state)

    saved(tmp_path, 1, step=1)
    with monkeypatch.context() as patch:
        patch.setattr("models.training.checkpointing.checkpoints.seal", cut_and_sealed)
        saved(tmp_path, 2, step=2)
    assert "can't be used: its variables can't be read" in caplog.text
    assert restored(tmp_path)[1] == 1


def test_files_and_folders_are_on_the_disk_before_the_older_one_goes(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    flush, remove = common.atomic_files.flush, checkpoints._remove

    def flushed(path: str) -> None:
        done.append(str(path).replace(str(tmp_path), ""))
        flush(path)

    def removed(path: str) -> None:
        done.append(f"removed {path}".replace(str(tmp_path), ""))
        remove(path)

    saved(tmp_path, 1, step=1)
    monkeypatch.setattr(common.atomic_files, "flush", flushed)
    monkeypatch.setattr(checkpoint_files, "flush", flushed)
    monkeypatch.setattr(checkpoints, "_remove", removed)
    saved(tmp_path, 2, step=2)
    folder = f"/run/{NEWEST}"
    first = [f"{folder}/{name}" for name in (*sorted((*FILES[1:], DATA)), ".")]
    assert done[: len(first)] == first
    state, *rest = done[len(first) :]
    assert state.startswith(f"{folder}/.state.json.")
    assert rest == [folder, f"{folder}/..", "removed /run/step-000000000"]
