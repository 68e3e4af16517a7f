"""`polyrank runs` and `polyrank rollback` over a made work folder."""

import json
import pathlib

import pytest
from click.testing import CliRunner

from cli.commands.rollback import rollback
from cli.commands.runs import runs
from components.model_registry import registry
from components.model_registry.registry import Entry


@pytest.fixture
def work(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two pushed versions, a refused run, a killed one and one with half a result."""
    results = {
        "20260101T0": {"status": "pushed", "model": "mmoe", "version": "100", "reason": "ok"},
        "20260102T0": {"status": "refused by gate", "model": "ple", "reason": "click/home: fail"},
        "20260103T0": None,
    }
    for name, document in results.items():
        (tmp_path / "runs" / name).mkdir(parents=True)
        if document:
            (tmp_path / "runs" / name / "result.json").write_text(json.dumps(document))
    (tmp_path / "runs" / "20260104T0").mkdir()
    (tmp_path / "runs" / "20260104T0" / "result.json").write_text('{"status": "pu')
    for version in ("100", "200"):
        place = tmp_path / "serving" / "polyrank" / version
        place.mkdir(parents=True)
        (place / "saved_model.pb").write_text(version)
        entry = Entry(
            version=version,
            pushed_destination=str(place),
            run_fingerprint=version,
            run_id="run",
            time="2026-01-01T08:00:00+00:00",
            spans=("2026-01-01", "2026-01-02"),
            model="mmoe",
            schema_digest="d",
            gate={"pass": 20, "fail": 0, "insufficient data": 4},
        )
        registry.append(tmp_path / "registry.json", entry)
    return tmp_path


def test_runs_are_listed_however_they_ended(work: pathlib.Path) -> None:
    found = CliRunner().invoke(runs, ["--work-dir", str(work), "--json"])
    document = json.loads(found.output)
    statuses = [run["status"] for run in document["runs"]]
    assert statuses[:3] == ["pushed", "refused by gate", "no result: running, or killed"]
    assert statuses[3].startswith("result.json can't be read: ")
    assert {run["kind"] for run in document["runs"]} == {"run"}
    assert [version["version"] for version in document["versions"]] == ["100", "200"]


@pytest.mark.parametrize("text", ['{"sta', "[]", "3", "{}", '"pushed"'])
@pytest.mark.parametrize("name", ["started.json", "result.json"])
def test_files_that_are_damaged_are_named(work: pathlib.Path, name: str, text: str) -> None:
    (work / "runs" / "20260105T0").mkdir()
    (work / "runs" / "20260105T0" / name).write_text(text)
    (work / "runs" / ".DS_Store").touch()
    document = json.loads(CliRunner().invoke(runs, ["--work-dir", str(work), "--json"]).output)
    assert [run["run"] for run in document["runs"]][-1] == "20260105T0"
    if name == "result.json":
        assert document["runs"][-1]["status"].startswith("result.json can't be read: ")
    found = CliRunner().invoke(runs, ["--work-dir", str(work)])
    assert found.exit_code == 0, found.exception


def test_names_in_a_reason_are_shown_as_they_are(work: pathlib.Path) -> None:
    reason = "feature '[/b]' of [red]rows[/red]"
    document = {"status": "bad data", "model": "mmoe", "reason": reason}
    (work / "runs" / "20260103T0" / "result.json").write_text(json.dumps(document))
    found = CliRunner().invoke(runs, ["--work-dir", str(work)], env={"COLUMNS": "140"})
    assert found.exit_code == 0, found.output
    assert f"bad data: {reason}" in found.output


def test_the_tables_say_what_is_live(work: pathlib.Path) -> None:
    found = CliRunner().invoke(runs, ["--work-dir", str(work)], env={"COLUMNS": "140"})
    assert found.exit_code == 0, found.output
    (live,) = [line for line in found.output.splitlines() if "live" in line]
    assert "200" in live and "20 pass, 4 insufficient data" in live
    assert "click/home: fail" in found.output


def test_rollback_makes_the_older_one_live(work: pathlib.Path) -> None:
    found = CliRunner().invoke(rollback, ["--work-dir", str(work), "--json"])
    assert found.exit_code == 0, found.output
    entry = json.loads(found.output)
    assert (entry["status"], entry["rollback_of"]) == ("rolled back", "100")
    assert (work / "serving" / "polyrank" / entry["version"] / "saved_model.pb").is_file()
    listed = CliRunner().invoke(runs, ["--work-dir", str(work)], env={"COLUMNS": "140"})
    (live,) = [line for line in listed.output.splitlines() if "live" in line]
    assert "live; copy of 100" in live


def test_a_bucket_is_mounted_first() -> None:
    found = CliRunner().invoke(rollback, ["--work-dir", "gs://bucket/work"])
    assert found.exit_code == 2
    assert "gs://bucket/work is no folder of this machine" in found.output


def test_a_folder_that_is_not_there(tmp_path: pathlib.Path) -> None:
    for command in (runs, rollback):
        found = CliRunner().invoke(command, ["--work-dir", str(tmp_path / "none")])
        assert found.exit_code == 2
        assert "does not exist" in found.output
