"""`polyrank prune` and `polyrank runs --sizes` over a made work folder."""

import json
import pathlib
import subprocess

import pytest
from click.testing import CliRunner
from made_entries import made_version

from cli.commands.prune import prune
from cli.commands.runs import runs
from cli.common.work_folder import only_run_in


@pytest.fixture
def work(tmp_path: pathlib.Path) -> pathlib.Path:
    """Three runs without artifacts, and three versions."""
    for day in (1, 2, 3):
        folder = tmp_path / "work" / "runs" / f"2026010{day}T000000.000000"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"status": "pushed", "version": f"{day}00"}))
        made_version(tmp_path / "work", f"{day}00")
    return tmp_path / "work"


def called(*words: str | pathlib.Path) -> str:
    found = CliRunner().invoke(prune, ["--work-dir", *map(str, words)], env={"COLUMNS": "140"})
    assert found.exit_code == 0, found.output
    return found.output


def left(work: pathlib.Path) -> tuple[list[str], list[str]]:
    folders = (work / "runs").iterdir(), (work / "serving" / "shop").iterdir()
    return tuple(sorted(x.name for x in folder) for folder in folders)  # type: ignore[return-value]


def test_old_runs_and_versions_go(work):
    before = left(work)
    would = json.loads(
        called(work, "--keep-runs", "1", "--keep-versions", "2", "--dry-run", "--json")
    )
    assert would["status"] == "would be pruned" and left(work) == before
    done = json.loads(called(work, "--keep-runs", "1", "--keep-versions", "2", "--json"))
    assert done == {**would, "status": "pruned"}
    assert done["runs"] == ["20260101T000000.000000", "20260102T000000.000000"]
    assert done["versions"] == ["100"] and done["bytes"] > 0
    assert left(work) == (["20260103T000000.000000"], ["200", "300"])
    listed = CliRunner().invoke(runs, ["--work-dir", str(work)], env={"COLUMNS": "140"})
    (line,) = [line for line in listed.output.splitlines() if line.strip().startswith("100")]
    assert "pruned 20" in line


def test_people_read_what_went(work):
    lines = called(work, "--keep-runs", "2").splitlines()
    assert lines[0] == "  run 20260101T000000.000000"
    assert lines[1].startswith("pruned: 1 runs, 0 versions, ")


def test_a_configuration_says_what_to_keep(work, tmp_path):
    config = tmp_path / "my.yaml"
    config.write_text(
        "data: {path: log, schema_path: schema.pbtxt}\n"
        "model: {name: mmoe}\nretention: {keep_versions: 2}\n"
    )
    assert called(work, "--config", config).splitlines()[0] == "  version 100"
    # An option says more.
    assert "pruned: 1 runs" in called(work, "--config", config, "--keep-runs", "2")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing says what to keep: give --keep-runs or --keep-versions"),
        (("--keep-versions", "1"), "1 is not in the range x>=2"),
        (("--keep-runs", "0"), "0 is not in the range x>=1"),
    ],
    ids=["nothing", "one version", "no run"],
)
def test_wrong_command_lines(work, words, message):
    found = CliRunner().invoke(prune, ["--work-dir", str(work), *words])
    assert found.exit_code == 2 and message in found.output


def test_artifacts_without_their_record_are_refused(work):
    (work / "artifacts").mkdir()
    found = CliRunner().invoke(prune, ["--work-dir", str(work), "--keep-runs", "1"])
    assert found.exit_code == 2
    assert "metadata.sqlite does not exist" in " ".join(found.output.split())


def test_a_folder_that_a_run_holds_is_refused(work):
    before = left(work)
    with only_run_in(work):
        found = CliRunner().invoke(prune, ["--work-dir", str(work), "--keep-runs", "1"])
    assert found.exit_code == 1 and "another run is using" in str(found.exception)
    assert left(work) == before


def test_sizes_are_those_of_du(work):
    found = CliRunner().invoke(runs, ["--work-dir", str(work), "--sizes", "--json"])
    assert found.exit_code == 0, found.output
    sizes = json.loads(found.output)["sizes"]
    du = subprocess.run(["du", "-s", "-B1", str(work)], capture_output=True, text=True, check=True)
    assert sizes["total"] == int(du.stdout.split()[0])
    assert list(sizes["versions"]) == ["shop/100", "shop/200", "shop/300"]
    assert len(sizes["runs"]) == 3
    shown = (
        CliRunner()
        .invoke(runs, ["--work-dir", str(work), "--sizes"], env={"COLUMNS": "140"})
        .output
    )
    assert "version shop/100" in shown and "all of it" in shown
