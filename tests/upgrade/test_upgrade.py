"""A work folder that an earlier revision made continues to work: docs/upgrades.md.

`make upgrade-test` runs it. The earlier revision runs in an environment of its own, which its own
Makefile makes. Nothing of either side is imported: both are used as people use them, by the
`polyrank` command and by the files of the work folder.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

import pytest
import yaml

pytestmark = pytest.mark.upgrade

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
        """The answers of a server to rows of the last day."""
        rows = sorted((self.folder / "log" / f"span={DAYS[-1]}").glob("*.parquet"))[0]
        words = ("predict", "--target", target, "--parquet", rows, "--rows", "50")
        output = finished(polyrank, *words, "--timeout", "60", "--json", cwd=self.folder).stdout
        return [json.loads(line) for line in output.splitlines()]

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


@pytest.fixture(scope="module")
def commit():
    """The earlier revision's full hash."""
    revision = os.environ.get("POLYRANK_UPGRADE_FROM")
    if not revision:
        pytest.fail("POLYRANK_UPGRADE_FROM names no revision; use make upgrade-test", pytrace=False)
    found = subprocess.run(
        ["git", "rev-parse", "--verify", f"{revision}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        pytest.fail(
            f"git finds no revision '{revision}' here (a shallow clone gets it by 'git fetch "
            f"--unshallow --tags'):\n{found.stderr}",
            pytrace=False,
        )
    return found.stdout.strip()


@pytest.fixture(scope="module")
def old(commit):
    """The earlier revision's `polyrank`, in an environment that stays for the next time."""
    source = ROOT / "work" / "upgrade" / commit[:12] / "source"
    if not source.is_dir():
        # Whole or not at all, so that what is there can be trusted.
        unfinished = source.with_name("source.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        archive = source.with_name("source.tar")
        finished("git", "archive", "--format=tar", "--output", archive, commit)
        finished("tar", "-xf", archive, "-C", unfinished)
        archive.unlink()
        if (ROOT / ".tools" / "uv").is_dir():  # Else its Makefile downloads one.
            shutil.copytree(ROOT / ".tools" / "uv", unfinished / ".tools" / "uv")
        unfinished.rename(source)
    finished("make", "setup", cwd=source)
    return source / ".venv" / "bin" / "polyrank"


@pytest.fixture(scope="module")
def user(commit, old):
    """A folder in which nobody has run anything yet."""
    folder = ROOT / "work" / "upgrade" / commit[:12] / "user"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    names = finished("git", "ls-tree", "-r", "--name-only", commit).stdout.splitlines()
    (schema,) = [name for name in names if name.endswith("schemas/synthetic/schema.pbtxt")]
    contract = finished("git", "show", f"{commit}:{schema}").stdout
    (folder / "schema.pbtxt").write_text(contract, encoding="utf-8")
    (folder / "my.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    words = ("--out", "log", "--rows", "12000", "--days", len(DAYS), "--start", DAYS[0])
    finished(old, "data", "synthetic", *words, "--seed", "3", cwd=folder)
    return User(folder)


@pytest.fixture(scope="module")
def old_version(old, user):
    """The version that the earlier revision's run pushed."""
    version = user.run(old).document["version"]
    assert user.registered() == [version] and user.is_served(version)
    return version


@pytest.fixture(scope="module")
def old_scores(old, user, old_version):
    """What the earlier revision's server answers."""
    with user.server(old, "old-server") as target:
        return user.scores(old, target)


@pytest.fixture(scope="module")
def server(user, old_scores):
    """This checkout's server, which stays up during the runs: what they push, it loads."""
    with user.server(NEW, "server") as target:
        yield target


@pytest.fixture(scope="module")
def scores_before(user, server):
    """What this checkout's server answers before this checkout's first run."""
    return user.scores(NEW, server)


@pytest.fixture(scope="module")
def rerun(user, scores_before):
    """This checkout's run of the same window, refused so that the old version stays live."""
    return user.run(NEW, "--set", "gate.auc_at_least=0.99", status=3)


@pytest.fixture(scope="module")
def next_run(user, rerun):
    """The next day's run, with this checkout."""
    return user.run(NEW, "--set", "window.end=latest")


@pytest.fixture(scope="module")
def scores_after(user, server, old_scores, next_run):
    """What the server answers once it has loaded what the next day's run pushed."""
    return user.scores_once(server, lambda x: not same(x, old_scores), "the pushed version")


@pytest.fixture(scope="module")
def rollback(user, scores_after):
    """The registry's entry of the rollback."""
    process = finished(NEW, "rollback", "--work-dir", "work", "--json", cwd=user.folder)
    return json.loads(process.stdout.splitlines()[-1])


def test_the_earlier_run_and_its_version_are_listed(user, old_version):
    process = finished(NEW, "runs", "--work-dir", "work", "--json", cwd=user.folder)
    listed = json.loads(process.stdout.splitlines()[-1])
    first = listed["runs"][0]
    assert (first["status"], first["version"]) == ("pushed", old_version)
    assert listed["versions"][0]["version"] == old_version


def test_the_earlier_version_is_served_with_the_same_scores(old_scores, scores_before):
    assert len(old_scores) == 50 and same(scores_before, old_scores)


def test_a_rerun_reuses_what_it_can_or_says_that_the_cache_starts_afresh(rerun):
    # Where only documentation has changed, the earlier results are as good as new ones.
    assert rerun.starts_afresh == (not rerun.cached)


def test_the_rerun_is_compared_with_the_earlier_version(user, old_version, rerun):
    assert rerun.document["status"] == "refused by gate"
    assert rerun.baseline == old_version


def test_the_next_days_run_takes_the_earlier_version_as_its_baseline(user, old_version, next_run):
    assert next_run.baseline == old_version, next_run.document["reason"]
    assert user.registered()[:2] == [old_version, next_run.document["version"]]
    assert user.is_served(old_version) and user.is_served(next_run.document["version"])


def test_the_cache_works_again_after_the_first_run(next_run):
    assert next_run.cached and not next_run.starts_afresh


def test_the_server_loads_the_next_version(old_scores, scores_after):
    assert len(scores_after) == 50 and set(scores_after[0]) == set(old_scores[0])


def test_the_earlier_version_is_live_again_after_a_rollback(
    user, server, old_version, old_scores, next_run, rollback
):
    assert rollback["rollback_of"] == old_version
    versions = [old_version, next_run.document["version"], rollback["version"]]
    assert user.registered() == versions
    user.scores_once(server, lambda x: same(x, old_scores), "the version that is live again")
