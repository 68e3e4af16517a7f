"""One small log and three runs of the whole pipeline, shared by every end-to-end test."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from preloaded import Preloaded

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.executable).parent
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05")


@dataclasses.dataclass(frozen=True)
class Finished:
    """A finished `polyrank run --json`."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object on the last line of stdout."""
        return json.loads(self.stdout.splitlines()[-1])

    @property
    def outcomes(self) -> dict[str, str]:
        """Component -> `done`, `cached` or `failed`."""
        return {record["name"]: record["outcome"] for record in self.document["components"]}


@dataclasses.dataclass(frozen=True)
class Workspace:
    """A log, a configuration outside the repository, and a work folder."""

    folder: pathlib.Path
    preloaded: Preloaded
    root: pathlib.Path = ROOT
    rows: int = 20_000
    days: tuple[str, ...] = DAYS

    @property
    def schema(self) -> pathlib.Path:
        """The contract of the log."""
        return self.root / "schemas" / "synthetic" / "schema.pbtxt"

    @property
    def config(self) -> pathlib.Path:
        """The YAML file."""
        return self.folder / "my.yaml"

    @property
    def log(self) -> pathlib.Path:
        """The folder of spans."""
        return self.folder / "log"

    @property
    def work_dir(self) -> pathlib.Path:
        """Where runs write."""
        return self.folder / "work"

    @property
    def metadata(self) -> Any:
        """The connection to ML Metadata."""
        from tfx.orchestration import metadata

        return metadata.sqlite_metadata_connection_config(str(self.work_dir / "metadata.sqlite"))

    def command(self, *arguments: str, env: dict[str, str] | None = None) -> Finished:
        """Runs a program of the activated environment, outside the repository."""
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, **(env or {})}
        program, *words = arguments
        if program == "polyrank":
            return self._polyrank(words, environment)
        process = subprocess.run(
            [str(BIN / program), *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        return Finished(process.returncode, process.stdout, process.stderr)

    def _polyrank(self, words: list[str], environment: dict[str, str]) -> Finished:
        with tempfile.TemporaryDirectory() as folder:
            out, err = pathlib.Path(folder) / "out", pathlib.Path(folder) / "err"
            module = "polyrank.__main__"
            status = self.preloaded.start(
                module, words, cwd=self.folder, env=environment, out=out, err=err
            ).wait()
            return Finished(status, out.read_text(), err.read_text())

    def run(self, *arguments: str) -> Finished:
        """Runs the pipeline with this workspace's configuration."""
        return self.command(
            "polyrank",
            "run",
            "--config",
            str(self.config),
            "--work-dir",
            str(self.work_dir),
            "--json",
            *arguments,
        )


@pytest.fixture(scope="session")
def empty_workspace(preloaded: Preloaded) -> Callable[[pathlib.Path], Workspace]:
    """A function: folder -> a workspace in it, for a test that brings its own log."""
    return lambda folder: Workspace(folder, preloaded)


def with_synthetic_log(workspace: Workspace) -> Workspace:
    """Writes five days of the synthetic log, and a configuration for it."""
    made = workspace.command(
        "polyrank", "data", "synthetic", "--out", str(workspace.log), "--rows", str(workspace.rows),
        "--days", str(len(DAYS)), "--start", DAYS[0], "--seed", "3",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    workspace.config.write_text(
        yaml.safe_dump(
            {
                "name": "small",
                "data": {
                    "path": "log",
                    "schema_path": str(workspace.schema),
                },
                "window": {"end": DAYS[3], "train_spans": 3, "eval_spans": 1},
                "sampling": {"negatives_kept": 0.6},
                "model": {
                    "name": "csii",
                    "embedding_dim": 4,
                    "l2_per": "value",
                    "embedding_l2": 20,
                    "wide_l2": 20,
                },
                "training": {"max_epochs": 4, "batch_size": 256, "learning_rate": 0.005},
                # Tested on their own and with the KuaiRand preset.
                "references": {"enabled": False},
                # A small log proves large drops only.
                "gate": {
                    "auc_at_least": 0.3,
                    "calibration_between": [0.2, 5.0],
                    "min_positives": 5,
                    "auc_drop_at_most": 0.05,
                    "must_have_data": [],
                },
            }
        )
    )
    return workspace


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, preloaded: Preloaded) -> Workspace:
    """A workspace with five days of the synthetic log."""
    return with_synthetic_log(Workspace(tmp_path_factory.mktemp("workspace"), preloaded))


@pytest.fixture(scope="module")
def own_workspace(tmp_path_factory: pytest.TempPathFactory, preloaded: Preloaded) -> Workspace:
    """Such a workspace of one file's tests alone."""
    return with_synthetic_log(Workspace(tmp_path_factory.mktemp("workspace"), preloaded))


@pytest.fixture(scope="session")
def first(workspace: Workspace) -> Finished:
    """The first run: nothing was pushed before. It trains AutoIFS, the runs after it CSII."""
    return workspace.run(
        *("--set", "model.name=autoifs", "--set", "model.search_epochs=1"),
        *("--set", "model.export_gates=static"),
    )


@pytest.fixture(scope="session")
def second(workspace: Workspace, first: Finished) -> Finished:
    """The run on the next span."""
    assert first.exit_code == 0, first.stderr
    return workspace.run("--set", f"window.end={DAYS[4]}")


@pytest.fixture(scope="session")
def third(workspace: Workspace, second: Finished) -> Finished:
    """The second run once more, with nothing changed that a run reads."""
    assert second.exit_code == 0, second.stderr
    for span in sorted(workspace.log.glob("span=*")):
        for file in span.iterdir():
            file.touch()
        (span / "_SUCCESS").touch()
        (span / ".DS_Store").write_bytes(b"Bud1")
    (workspace.log / ".DS_Store").write_bytes(b"Bud1")
    return workspace.run("--set", f"window.end={DAYS[4]}")


@pytest.fixture(scope="session")
def changed(workspace: Workspace, third: Finished) -> Finished:
    """A run of AEM2TL after a file of the log has lost a row; for slow tests, after the others."""
    file = sorted((workspace.log / "span=2026-01-02").glob("*.parquet"))[0]
    rows = pq.read_table(file)
    pq.write_table(rows.slice(0, len(rows) - 1), file)
    return workspace.run("--set", f"window.end={DAYS[4]}", "--set", "model.name=aem2tl")
