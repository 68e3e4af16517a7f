"""A reader that goes away changes neither a command's work nor its status."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
RUN = """
import pathlib, sys, time
from cli.common.console import console_on
from cli.common.progress import Progress
from cli.common.terminal import quiet_terminal
with quiet_terminal(pathlib.Path("run.log"), people_read_stderr={stderr}) as terminal:
    console = console_on(terminal)
    with Progress(console, seconds={seconds}) as progress:
        progress.work_on("Trainer")
        pathlib.Path("ready").touch()
        end = time.monotonic() + 60
        while {seconds} < 1 and not console.quiet and time.monotonic() < end:
            time.sleep(0.01)
        for _ in range(3):
            progress.print("  Trainer done")
    print("a library's line")
    pathlib.Path("result.json").write_text("written")
sys.exit(3)
"""


@pytest.mark.parametrize("stderr", [False, True])
@pytest.mark.parametrize("seconds", [0.02, 600], ids=["the_thread", "the_run"])
def test_a_run_whose_reader_goes_away_ends_with_its_own_status(tmp_path, stderr, seconds):
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.format(stderr=stderr, seconds=seconds)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    read, closed = (process.stdout, process.stderr) if stderr else (process.stderr, process.stdout)
    closed.close()
    assert read.read() == ""
    assert process.wait() == 3
    assert (tmp_path / "result.json").read_text() == "written"
    assert (tmp_path / "run.log").read_text() == "a library's line\n"


def test_a_command_whose_reader_goes_away_ends_well(tmp_path):
    script = (
        "import sys\n"
        "from cli.common.console import console_on\n"
        "console = console_on(sys.stdout)\n"
        "sys.stdin.read()\n"
        "for row in range(9): console.print('a row')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    process.stdin.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
