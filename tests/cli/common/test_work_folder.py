"""A work folder is held by one process at a time."""

import fcntl
import os
import re
import subprocess
import sys

import pytest

from cli.common.work_folder import only_run_in
from common.errors import PolyrankError

HOLDER = """
import sys, time
from cli.common.work_folder import only_run_in
with only_run_in(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds `tmp_path/work`, and made it."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "work")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_holds_it_is_told_and_killed_holders_hold_nothing(holder, tmp_path):
    work = tmp_path / "work"
    told = (
        rf"^another run is using {re.escape(str(work))} \(process {holder.pid}, started "
        r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\); wait for it, or give another --out$"
    )
    # Twice: asking must not wipe out what the holder has written.
    for _ in range(2):
        with pytest.raises(PolyrankError, match=told), only_run_in(work, "--out"):
            pass
    holder.kill()
    holder.wait()
    with (
        only_run_in(work),
        pytest.raises(PolyrankError, match=rf"\(process {os.getpid()}, started"),
        only_run_in(work),
    ):
        pass
    assert (work / ".lock").read_text() == ""


def test_a_folder_that_can_not_be_made(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(PolyrankError, match=r"folder .*/file/work can't be written: "),
        only_run_in(tmp_path / "file" / "work"),
    ):
        pass


def test_a_second_run_ends_before_anything_heavy_is_imported(holder, tmp_path):
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('tensorflow' in sys.modules))\n"
        "from cli.main import main\n"
        "main()\n"
    )
    words = ["run", "--preset", "synthetic", "--work-dir", str(tmp_path / "work")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "False\n"), done.stderr
    assert done.stderr.startswith(f"error: another run is using {tmp_path}/work (process ")
    assert f"(process {holder.pid}, started 20" in done.stderr
    assert not (tmp_path / "work" / "runs").exists()


def test_a_full_disk_holds_no_folder_back(tmp_path):
    # It takes a lock, and not a byte.
    (tmp_path / ".lock").symlink_to("/dev/full")
    for _ in range(2):
        with (
            only_run_in(tmp_path),
            (tmp_path / ".lock").open("a") as other,
            pytest.raises(BlockingIOError),
        ):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
