"""Damaged checkpoints: named, passed over, never an end of the training."""

import json
import logging
import pathlib
import shutil
from collections.abc import Callable

import numpy as np
import pytest
import tf_keras as keras

from models.training.checkpoint_files import DamagedCheckpoint, read_sealed, seal
from models.training.checkpoints import Checkpoints
from models.training.state import TrainingState

NEWEST = "step-000000001"
FILES = ("state.json", "best_weights.npz", "snapshot.npz", "variables.index")
DATA = "variables.data-00000-of-00001"


def model(value: float) -> keras.Model:
    built = keras.Sequential([keras.layers.Dense(3, input_shape=(2,))])
    built.compile(keras.optimizers.Adam(0.1), "mse")
    built.optimizer.build(built.trainable_variables)
    built.set_weights([np.full(w.shape, value, np.float32) for w in built.get_weights()])
    return built


def saved(folder: pathlib.Path, value: float, step: int) -> None:
    weights = [np.full(3, value, np.float32)]
    state = TrainingState(step=step, best_weights=weights, snapshot=weights)
    Checkpoints(folder, "run", model(value)).save(state)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A checkpoint of step 1 and weights 1, and a later one of step 2 and weights 2."""
    folder = tmp_path_factory.mktemp("two")
    saved(folder, 1, step=1)
    shutil.copytree(folder / "run" / "step-000000000", folder / "kept")
    saved(folder, 2, step=2)
    shutil.move(folder / "kept", folder / "run" / "step-000000000")
    return folder


def restored(folder: pathlib.Path) -> tuple[TrainingState | None, float]:
    """The state, and the weights that the model then has (0 without a checkpoint)."""
    made = model(0)
    state = Checkpoints(folder, "run", made).restore()
    (weights,) = {float(x) for w in made.get_weights() for x in w.ravel()}
    return state, weights


def cut(length: Callable[[int], int]) -> Callable[[pathlib.Path], None]:
    def change(file: pathlib.Path) -> None:
        content = file.read_bytes()
        file.write_bytes(content[: length(len(content))])

    return change


def flip(place: Callable[[int], int]) -> Callable[[pathlib.Path], None]:
    def change(file: pathlib.Path) -> None:
        content = bytearray(file.read_bytes())
        content[place(len(content))] ^= 1
        file.write_bytes(content)

    return change


def become_a_folder(file: pathlib.Path) -> None:
    """As a file that can't be read."""
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[pathlib.Path], None]] = {
    "empty": cut(lambda n: 0),
    "one_byte": cut(lambda n: 1),
    "half": cut(lambda n: n // 2),
    "last_byte_lost": cut(lambda n: n - 1),
    "first_byte_flipped": flip(lambda n: 0),
    "middle_byte_flipped": flip(lambda n: n // 2),
    "last_byte_flipped": flip(lambda n: n - 1),
    "zeros": lambda file: file.write_bytes(bytes(file.stat().st_size)) and None,
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\0") and None,
    "unreadable": become_a_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*FILES, DATA])
def test_a_damaged_one_is_named_and_the_one_before_taken(
    two: pathlib.Path,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    damage: str,
) -> None:
    folder = shutil.copytree(two, tmp_path / "copy")
    DAMAGES[damage](folder / "run" / NEWEST / name)
    state, weights = restored(folder)
    assert state is not None and (state.step, weights) == (1, 1)
    assert [float(w[0]) for w in state.best_weights] == [1.0]
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"{folder}/run/{NEWEST} is damaged and passed over: " in line and name in line


def test_both_are_whole(two: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    state, weights = restored(two)
    assert state is not None and (state.step, weights) == (2, 2)
    assert not caplog.records


@pytest.mark.parametrize("name", [*FILES[1:], DATA])
def test_a_lost_file_is_named(
    two: pathlib.Path, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    folder = shutil.copytree(two, tmp_path / "copy")
    (folder / "run" / NEWEST / name).unlink()
    state, _ = restored(folder)
    assert state is not None and state.step == 1
    assert f"its file {name} is missing" in caplog.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"its state.json \(0 bytes\) is no whole JSON"),
        (b"\xff\xfe{}", r"state.json \(4 bytes\) is no whole JSON"),
        (b"[]", "state.json has no checksum"),
        (b'{"step": 7, "epoch": 1}', "an earlier version of Polyrank wrote it"),
        (b'{"checksum": "0"}', "the content of its state.json is not what was written"),
    ],
    ids=["empty", "no_text", "list", "before_checksums", "wrong_checksum"],
)
def test_other_states_are_passed_over(
    two: pathlib.Path,
    tmp_path: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
    said: str,
) -> None:
    folder = shutil.copytree(two, tmp_path / "copy")
    (folder / "run" / NEWEST / "state.json").write_bytes(content)
    state, _ = restored(folder)
    assert state is not None and state.step == 1
    with pytest.raises(DamagedCheckpoint, match=said):
        read_sealed(str(folder / "run" / NEWEST))


def test_a_format_of_a_later_version_is_passed_over(tmp_path: pathlib.Path) -> None:
    seal(str(tmp_path), {})
    body = json.loads((tmp_path / "state.json").read_text())
    assert body["format"] == 2
    (tmp_path / "state.json").write_text(json.dumps({**body, "format": 3}))
    with pytest.raises(DamagedCheckpoint, match="is not what was written"):
        read_sealed(str(tmp_path))


def test_where_all_are_damaged_the_training_starts_from_scratch(
    two: pathlib.Path, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(two, tmp_path / "copy")
    for state in (folder / "run").glob("*/state.json"):
        state.write_bytes(state.read_bytes()[:40])
    assert restored(folder) == (None, 0)
    assert len(caplog.records) == 2
    saved(folder, 3, step=3)
    assert [path.name for path in (folder / "run").iterdir()] == ["step-000000002"]
    state, weights = restored(folder)
    assert state is not None and (state.step, weights) == (3, 3)


def test_what_cannot_be_read_back_leaves_the_one_before(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    saved(tmp_path, 1, step=1)

    def sealed_and_cut(folder: str, state: dict) -> None:
        seal(folder, state)
        cut(lambda n: n // 2)(pathlib.Path(folder, DATA))

    with monkeypatch.context() as patch:
        patch.setattr("models.training.checkpoints.seal", sealed_and_cut)
        saved(tmp_path, 2, step=2)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["step-000000000"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert record_level(caplog) == logging.WARNING
    assert f"{tmp_path}/run/{NEWEST} can't be used: its file {DATA} has " in line
    state, weights = restored(tmp_path)
    assert state is not None and (state.step, weights) == (1, 1)


def record_level(caplog: pytest.LogCaptureFixture) -> int:
    return caplog.records[0].levelno


def test_a_content_that_tensorflow_refuses_is_found_when_read_back(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Our checksums are of the file as it lies there, TensorFlow's of what it wrote."""

    def cut_and_sealed(folder: str, state: dict) -> None:
        flip(lambda n: n // 2)(pathlib.Path(folder, DATA))
        seal(folder, state)

    saved(tmp_path, 1, step=1)
    with monkeypatch.context() as patch:
        patch.setattr("models.training.checkpoints.seal", cut_and_sealed)
        saved(tmp_path, 2, step=2)
    assert "can't be used: its variables can't be read" in caplog.text
    assert restored(tmp_path)[1] == 1


def test_files_and_folders_are_on_the_disk_before_the_older_one_goes(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import common.atomic_files
    import models.training.checkpoint_files
    import models.training.checkpoints

    done: list[str] = []
    flush, remove = common.atomic_files.flush, models.training.checkpoints._remove

    def flushed(path: str) -> None:
        done.append(str(path).replace(str(tmp_path), ""))
        flush(path)

    def removed(path: str) -> None:
        done.append(f"removed {path}".replace(str(tmp_path), ""))
        remove(path)

    saved(tmp_path, 1, step=1)
    monkeypatch.setattr(common.atomic_files, "flush", flushed)
    monkeypatch.setattr(models.training.checkpoint_files, "flush", flushed)
    monkeypatch.setattr(models.training.checkpoints, "_remove", removed)
    saved(tmp_path, 2, step=2)
    folder = f"/run/{NEWEST}"
    first = [f"{folder}/{name}" for name in (*sorted((*FILES[1:], DATA)), ".")]
    assert done[: len(first)] == first
    state, *rest = done[len(first) :]
    assert state.startswith(f"{folder}/.state.json.")
    assert rest == [folder, f"{folder}/..", "removed /run/step-000000000"]
