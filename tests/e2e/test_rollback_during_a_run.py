"""A copied work folder: a rollback during a run, the run after it, a lost live version."""

import dataclasses
import json
import shutil
import subprocess
import time

import pytest
from conftest import BIN, DAYS, Workspace

pytestmark = pytest.mark.e2e

_SECONDS = 600
_WINDOW = ("--set", f"window.end={DAYS[4]}")
# Another run than the second, over the same data.
_ANOTHER = (*_WINDOW, "--set", "gate.auc_drop_at_most=0.06")


@dataclasses.dataclass(frozen=True)
class Copy(Workspace):
    """The workspace, whose work folder was copied."""

    copied: str = "copied"

    @property
    def work_dir(self):
        return self.folder / self.copied

    def registered(self):
        return json.loads((self.work_dir / "registry.json").read_text())["versions"]

    def served(self):
        """The version that a server would take."""
        folder = self.work_dir / "serving" / "small"
        names = [x.name for x in folder.iterdir() if (x / "saved_model.pb").is_file()]
        return max(names, key=int)


def _tree(folder):
    """Every file of a folder, with its size and time of change."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def copy(workspace, second):
    assert second.exit_code == 0, second.stderr
    shutil.copytree(workspace.work_dir, workspace.folder / "copied")
    made = Copy(workspace.folder, workspace.preloaded)
    # As an earlier revision wrote it: with the first folder's paths.
    versions = made.registered()
    for entry in versions:
        entry["pushed_destination"] = f"{workspace.work_dir}/{entry['pushed_destination']}"
    (made.work_dir / "registry.json").write_text(json.dumps({"versions": versions}))
    return made


@pytest.fixture(scope="module")
def raced(workspace, copy):
    """A run in whose training an operator rolls back; the run, the rollback, the first folder."""
    before = _tree(workspace.work_dir / "serving")
    known = set((copy.work_dir / "artifacts" / "Trainer").rglob("*"))
    words = ("run", "--config", copy.config, "--work-dir", copy.work_dir, "--json", *_ANOTHER)
    run = subprocess.Popen(
        [BIN / "polyrank", *words],
        cwd=copy.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + _SECONDS
        while set((copy.work_dir / "artifacts" / "Trainer").rglob("*")) <= known:
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < deadline, "the run takes too long"
            time.sleep(0.05)
        back = copy.command("polyrank", "rollback", "--work-dir", str(copy.work_dir), "--json")
        still_running = run.poll() is None
        stdout, stderr = run.communicate(timeout=_SECONDS)
    finally:
        run.kill()
    return {
        "run": json.loads(stdout.splitlines()[-1]),
        "status": run.returncode,
        "terminal": stderr,
        "rollback": back,
        "during": still_running,
        "first folder": (before, _tree(workspace.work_dir / "serving")),
    }


def test_a_rollback_does_not_wait_for_a_run(copy, raced):
    assert raced["during"] and raced["rollback"].exit_code == 0, raced["rollback"].stderr
    entry = raced["rollback"].document
    assert entry["rollback_of"] == copy.registered()[0]["version"]
    assert copy.served() == entry["version"] == copy.registered()[-1]["version"]


def test_the_run_refuses_to_push_over_it(copy, raced):
    document = raced["run"]
    live = raced["rollback"].document["version"]
    assert (raced["status"], document["exit_code"]) == (6, 6)
    assert document["status"] == "refused by registry"
    assert document["reason"].startswith(f"Pusher: version {live}, a copy of ")
    assert raced["terminal"].splitlines()[-1].startswith("refused by registry: Pusher: version ")
    assert len(copy.registered()) == 3
    names = {path.name for path in (copy.work_dir / "serving" / "small").iterdir()}
    assert names == {entry["version"] for entry in copy.registered()}


def test_nothing_of_it_is_written_into_the_first_folder(raced):
    before, after = raced["first folder"]
    assert before == after


def test_the_next_run_is_compared_with_what_is_live(copy, raced):
    live = raced["rollback"].document["version"]
    again = copy.run(*_ANOTHER)
    assert again.exit_code == 0, again.stderr
    assert again.document["gate"]["baseline"]["version"] == live
    assert again.outcomes["Trainer"] == "cached"
    last = copy.registered()[-1]
    assert last["version"] == again.document["version"] == copy.served()
    assert last["pushed_destination"] == f"serving/small/{last['version']}"
    assert (last["model"], last["spans"]) == ("csii", list(DAYS[1:4]))


def test_a_lost_live_version_ends_a_run_before_it_trains(copy, raced):
    lost = copy.registered()[-1]
    shutil.rmtree(copy.work_dir / lost["pushed_destination"])
    run = copy.run(*_WINDOW, "--set", "training.learning_rate=0.004")
    assert run.exit_code == 6, run.stderr
    assert run.document["reason"].startswith(f"Baseline: version {lost['version']} can't be used")
    assert "--set baseline=optional" in run.document["reason"]
    assert "Trainer" not in run.outcomes
    assert copy.registered()[-1] == lost


def test_who_accepts_that_goes_on_and_is_shown_it(copy, raced):
    lost = copy.registered()[-1]
    assert not (copy.work_dir / lost["pushed_destination"]).exists()
    run = copy.run(*_WINDOW, "--set", "gate.auc_drop_at_most=0.07", "--set", "baseline=optional")
    assert run.exit_code == 0, run.stderr
    assert run.outcomes["Trainer"] == "cached"
    assert run.document["gate"]["baseline"]["not_compared"] == lost["version"]
    assert f"baseline: none (version {lost['version']} can't be used: " in run.document["reason"]
    assert copy.registered()[-1]["version"] == run.document["version"]
