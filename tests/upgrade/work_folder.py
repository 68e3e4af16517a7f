"""A work folder and the commands that use it, of either revision."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NEW = pathlib.Path(sys.executable).with_name("polyrank")
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04")
CONFIG = {
    "data": {"path": "log", "schema_path": "schema.pbtxt"},
    "window": {"end": DAYS[2], "train_spans": 2, "eval_spans": 1},
    "model": {"name": "shared_bottom", "embedding_dim": 4},
    "training": {"max_epochs": 2, "batch_size": 256, "learning_rate": 0.005},
    "references": {"enabled": False},
    # So few rows prove nothing: what is tested is that the versions are compared at all.
    "gate": {
        "auc_at_least": 0.2,
        "calibration_between": [0.01, 100.0],
        "min_positives": 5,
        "auc_drop_at_most": 0.5,
        "must_have_data": [],
    },
}
AFRESH = "nothing is taken from the cache"
# What `make` and an activated environment tell their children would lead the earlier revision
# to this checkout's settings and packages.
_OURS = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _OURS}
_SECONDS = 120


def tail(text):
    return "\n".join(text.splitlines()[-30:])


def finished(*words, cwd=ROOT, status=0):
    """Runs a command that must end with `status`."""
    command = [str(word) for word in words]
    process = subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=1200
    )
    if process.returncode != status:
        pytest.fail(
            f"{shlex.join(command)}\nended with status {process.returncode} instead of {status}:\n"
            f"{tail(process.stdout)}\n{tail(process.stderr)}",
            pytrace=False,
        )
    return process


@dataclasses.dataclass(frozen=True)
class Run:
    """What a finished `polyrank run --json` said."""

    # Long: a failed assertion would show them again and again.
    document: dict = dataclasses.field(repr=False)
    terminal: str = dataclasses.field(repr=False)

    @property
    def baseline(self):
        return self.document["gate"]["baseline"]["version"]

    @property
    def starts_afresh(self):
        """Whether the run said so."""
        return AFRESH in self.terminal

    @property
    def cached(self):
        return [x["name"] for x in self.document["components"] if x["outcome"] == "cached"]


@dataclasses.dataclass(frozen=True)
class User:
    """Someone's folder: a configuration, a schema, a log, and the work folder of the runs."""

    folder: pathlib.Path

    @property
    def work(self):
        return self.folder / "work"

    def run(self, polyrank, *options, status=0):
        words = ("run", "--config", "my.yaml", "--work-dir", "work", "--json", *options)
        process = finished(polyrank, *words, cwd=self.folder, status=status)
        return Run(json.loads(process.stdout.splitlines()[-1]), process.stderr)

    def registered(self):
        """The versions of the registry's file, oldest first."""
        return [
            x["version"] for x in json.loads((self.work / "registry.json").read_text())["versions"]
        ]

    def is_served(self, version):
        """Whether the version's folder is where TF Serving looks for it."""
        return (self.work / "serving" / "polyrank" / version / "saved_model.pb").is_file()

    @contextlib.contextmanager
    def server(self, polyrank, name):
        """A model server on the work folder; yields its address."""
        port, log = self.folder / f"{name}.port", self.folder / f"{name}.log"
        command = [polyrank, "serve", "--work-dir", "work", "--port", "0", "--port-file", port]
        with log.open("w") as file:
            process = subprocess.Popen(
                command, cwd=self.folder, env=ENVIRONMENT, stdout=file, stderr=file
            )
        try:
            wait_until(
                lambda: process.poll() is not None or (port.is_file() and port.read_text()),
                lambda: f"the server of {polyrank} does not answer:\n{tail(log.read_text())}",
            )
            if process.poll() is not None:
                pytest.fail(
                    f"the server of {polyrank} ended:\n{tail(log.read_text())}", pytrace=False
                )
            yield f"localhost:{port.read_text().strip()}"
        finally:
            process.terminate()
            process.wait(60)

    def scores(self, polyrank, target):
        """A server's scores of rows of the last day, without the names of the rows."""
        rows = sorted((self.folder / "log" / f"span={DAYS[-1]}").glob("*.parquet"))[0]
        words = ("predict", "--target", target, "--parquet", rows, "--rows", "50")
        output = finished(polyrank, *words, "--timeout", "60", "--json", cwd=self.folder).stdout
        answers = [json.loads(line) for line in output.splitlines()]
        # Earlier revisions print the outputs alone.
        return [{key: x for key, x in row.items() if key not in ("file", "row")} for row in answers]

    def scores_once(self, target, holds, what):
        """The first answers of this checkout's server for which something holds."""
        answers = []

        def held():
            answers[:] = self.scores(NEW, target)
            return holds(answers)

        wait_until(held, lambda: f"the server does not serve {what}")
        return answers


def wait_until(holds, failure):
    deadline = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"after {_SECONDS} s: {failure()}", pytrace=False)
        time.sleep(0.5)


def same(scores, others):
    return scores == [pytest.approx(row, abs=1e-6, rel=0) for row in others]
