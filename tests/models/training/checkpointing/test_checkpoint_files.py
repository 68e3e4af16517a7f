"""Damaged checkpoints: named, passed over, never an end of the training."""

import json
import pathlib
import shutil
from collections.abc import Callable

import pytest
from damaged_checkpoints import DATA, FILES, NEWEST, cut, flip, restored, saved

from models.training.checkpointing.checkpoint_files import (
    DamagedCheckpoint,
    _checksum,
    read_sealed,
    seal,
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A checkpoint of step 1 and weights 1, and a later one of step 2 and weights 2."""
    folder = tmp_path_factory.mktemp("two")
    saved(folder, 1, step=1)
    shutil.copytree(folder / "run" / "step-000000000", folder / "kept")
    saved(folder, 2, step=2)
    shutil.move(folder / "kept", folder / "run" / "step-000000000")
    return folder


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


def test_another_format_is_passed_over(tmp_path: pathlib.Path) -> None:
    seal(str(tmp_path), {})
    body = json.loads((tmp_path / "state.json").read_text())
    assert (body.pop("checksum"), body["format"]) == (_checksum(body), 2)
    later = {**body, "format": 3}
    text = json.dumps({**later, "checksum": _checksum(later)})
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(
        DamagedCheckpoint, match="of format 3, and this version of Polyrank reads 2"
    ):
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
