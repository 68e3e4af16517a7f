"""Damaged, locked and missing files of ML Metadata, each damaged for real."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

import pipeline.metadata_file
from cli.commands.runs import runs
from common.errors import PolyrankError
from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.metadata import metadata_connection, open_record

MAY_BE_DELETED = (
    "Delete (or move away) {0}/metadata.sqlite and {0}/artifacts together. That loses the cache, "
    "so that the next run does everything again, and the artifacts of earlier runs. It loses no "
    "data, no pushed version ({0}/serving), not {0}/registry.json, from which the next run takes "
    "its baseline, and not {0}/runs, which `polyrank runs` lists"
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with a hundred runs."""
    locations = Locations(str(tmp_path_factory.mktemp("sound")), "shop")
    store = metadata_store.MetadataStore(metadata_connection(MetadataConfig(), locations))
    kind = store.put_context_type(mlmd.ContextType(name="pipeline_run"))
    store.put_contexts([mlmd.Context(type_id=kind, name=f"run {i:090}") for i in range(100)])
    return pathlib.Path(locations.metadata_path).read_bytes()


@pytest.fixture
def locations(tmp_path: pathlib.Path, sound: bytes) -> Locations:
    """A work folder with that file, and with an artifact of an earlier run."""
    (tmp_path / "artifacts" / "Trainer" / "model" / "7").mkdir(parents=True)
    (tmp_path / "metadata.sqlite").write_bytes(sound)
    return Locations(str(tmp_path), "shop")


def refusal(locations: Locations) -> str:
    with pytest.raises(PolyrankError) as error:
        open_record(MetadataConfig(), locations)
    return str(error.value)


def test_a_sound_file_is_opened_and_left_as_it_is(locations: Locations, sound: bytes) -> None:
    record = open_record(MetadataConfig(), locations)
    assert len(record.run_ids()) == 100
    assert pathlib.Path(locations.metadata_path).read_bytes() == sound


def _page_in_the_middle(content: bytes) -> bytes:
    """Damages the page where half of the runs' names are: the tables can still be opened."""
    place = content.index(b"run " + b"%090d" % 50) // 4096 * 4096
    return content[:place] + b"\xff" * 4096 + content[place + 4096 :]


DAMAGES = {
    "garbage": lambda content: b"garbage " * 4096,
    "garbage_header": lambda content: b"x" * 100 + content[100:],
    "truncated_in_the_middle": lambda content: content[: len(content) // 2],
    "truncated_inside_a_page": lambda content: content[: len(content) // 2 + 137],
    "truncated_to_a_page": lambda content: content[:4096],
    "a_page_of_a_table": _page_in_the_middle,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_what_may_be_deleted(
    locations: Locations, sound: bytes, damage: str
) -> None:
    path = pathlib.Path(locations.metadata_path)
    path.write_bytes(damaged := DAMAGES[damage](sound))
    said = refusal(locations)
    assert said.startswith(f"{path}, the file of ML Metadata, is damaged: ")
    assert said.endswith(MAY_BE_DELETED.format(locations.work_dir))
    assert "\n" not in said
    # Whoever wants to rescue something finds it untouched.
    assert path.read_bytes() == damaged


def test_a_damaged_page_passes_ml_metadatas_own_look(locations: Locations, sound: bytes) -> None:
    """Why the whole file is read."""
    path = pathlib.Path(locations.metadata_path)
    connection = metadata_connection(MetadataConfig(), locations)
    path.write_bytes(_page_in_the_middle(sound))
    metadata_store.MetadataStore(connection)


@pytest.mark.parametrize("what", ["is gone", "is empty (0 bytes)"])
def test_artifacts_without_their_file_are_not_mixed_with_new_ones(
    locations: Locations, what: str
) -> None:
    path = pathlib.Path(locations.metadata_path)
    path.write_bytes(b"")
    if what == "is gone":
        path.unlink()
    said = refusal(locations)
    assert said.startswith(f"{path} {what}, and {locations.pipeline_root} holds what earlier runs")
    assert said.endswith(MAY_BE_DELETED.format(locations.work_dir))
    shutil.rmtree(locations.pipeline_root)
    assert open_record(MetadataConfig(), locations).run_ids() == []


def test_what_the_message_says_can_be_deleted_can_be(locations: Locations) -> None:
    path = pathlib.Path(locations.metadata_path)
    path.write_bytes(b"garbage " * 4096)
    (pathlib.Path(locations.runs_dir) / "20260101T000000.000000").mkdir(parents=True)
    refusal(locations)
    path.unlink()
    shutil.rmtree(locations.pipeline_root)
    assert open_record(MetadataConfig(), locations).run_ids() == []
    listed = CliRunner().invoke(runs, ["--work-dir", locations.work_dir])
    assert listed.exit_code == 0 and "20260101T000000" in listed.output


def test_a_folder(locations: Locations) -> None:
    path = pathlib.Path(locations.metadata_path)
    path.unlink()
    path.mkdir()
    assert refusal(locations) == (
        f"{path} is a folder; it is the file of ML Metadata. Move the folder away"
    )


def test_a_locked_file_need_not_be_deleted(
    locations: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.metadata_file, "_SECONDS_UNTIL_LOCKED", 0.1)
    with contextlib.closing(sqlite3.connect(locations.metadata_path)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        assert refusal(locations) == (
            f"{locations.metadata_path}: database is locked. Another program, such as a database "
            "browser, may be using it: close it. Nothing need be deleted"
        )
        browser.rollback()
    assert open_record(MetadataConfig(), locations).run_ids()


def test_a_file_that_can_not_be_written(sound: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        path = pathlib.Path(folder) / "metadata.sqlite"
        path.write_bytes(sound)
        path.chmod(0o444)
        with _no_longer_root():
            said = refusal(Locations(folder, "shop"))
    assert said == (
        f"{path} can't be written. Runs write to this file and next to it: give your user the "
        "right to, or another --work-dir. Nothing need be deleted"
    )


@contextlib.contextmanager
def _no_longer_root() -> Iterator[None]:
    """Root may write to any file."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize(("version", "than"), [(9, "older"), (11, "greater")])
def test_another_versions_file(locations: Locations, version: int, than: str) -> None:
    with contextlib.closing(sqlite3.connect(locations.metadata_path)) as database:
        (current,) = database.execute("SELECT schema_version FROM MLMDEnv").fetchone()
        assert current == 10
        database.execute("UPDATE MLMDEnv SET schema_version = ?", (version,))
        database.commit()
    said = refusal(locations)
    assert f"MLMD database version {version} is {than} than library version 10" in said
    assert "Use the environment that wrote it, or another --work-dir. Or: Delete" in said
    assert said.endswith(MAY_BE_DELETED.format(locations.work_dir))
