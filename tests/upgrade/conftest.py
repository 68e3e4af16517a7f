"""The earlier revision, its work folder, and what this checkout does with it, step by step."""

import json
import os
import shutil
import subprocess

import pytest
import yaml
from work_folder import CONFIG, DAYS, NEW, ROOT, User, finished, same


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def user(commit, old):
    """A new folder with a configuration, a schema and a log."""
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


@pytest.fixture(scope="session")
def old_version(old, user):
    """The version that the earlier revision's run pushed."""
    version = user.run(old).document["version"]
    assert user.registered() == [version] and user.is_served(version)
    return version


@pytest.fixture(scope="session")
def old_scores(old, user, old_version):
    """What the earlier revision's server answers."""
    with user.server(old, "old-server") as target:
        return user.scores(old, target)


@pytest.fixture(scope="session")
def server(user, old_scores):
    """This checkout's server, which stays up during the runs: what they push, it loads."""
    with user.server(NEW, "server") as target:
        yield target


@pytest.fixture(scope="session")
def scores_before(user, server):
    """What this checkout's server answers before this checkout's first run."""
    return user.scores(NEW, server)


@pytest.fixture(scope="session")
def rerun(user, scores_before):
    """This checkout's run of the same window, refused so that the old version stays live."""
    return user.run(NEW, "--set", "gate.auc_at_least=0.99", status=3)


@pytest.fixture(scope="session")
def next_run(user, rerun):
    """The next day's run, with this checkout."""
    return user.run(NEW, "--set", "window.end=latest")


@pytest.fixture(scope="session")
def scores_after(user, server, old_scores, next_run):
    """What the server answers once it has loaded what the next day's run pushed."""
    return user.scores_once(server, lambda x: not same(x, old_scores), "the pushed version")


@pytest.fixture(scope="session")
def rollback(user, scores_after):
    """The registry's entry of the rollback."""
    process = finished(NEW, "rollback", "--work-dir", "work", "--json", cwd=user.folder)
    return json.loads(process.stdout.splitlines()[-1])
