"""Who reads a file or a pipe hears at intervals what works; a terminal has a spinner."""

import io
import pathlib
import re
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

from cli.common.console import console_on
from cli.common.progress import SECONDS, Progress

COMMANDS = {
    "check": ("schema", "check", "--data", "log", "--schema", "s.pbtxt"),
    "infer": ("schema", "infer", "--data", "log.csv"),
    "spans": ("data", "spans", "--source", "log.csv", "--schema", "s.pbtxt", "--out", "new"),
}
SAID = {"check": "checking log", "infer": "reading log.csv", "spans": "writing new"}
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x9b]")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_silence_ends_after_the_interval_with_what_works_and_how_long():
    stream, clock = io.StringIO(), Clock()
    # The thread waits for real seconds, so only this test breaks the silence.
    with Progress(console_on(stream), seconds=600, clock=clock) as progress:
        progress.work_on("Trainer")
        progress.detail("epoch 1 of 4")
        clock.now += 599
        assert progress.break_silence() == 1
        assert stream.getvalue() == ""
        clock.now += 1
        assert progress.break_silence() == 600
        clock.now += 300
        assert progress.break_silence() == 300
        clock.now += 400
        progress.break_silence()
        progress.print("  Trainer done")
        progress.work_on("Evaluator")
        clock.now += 600
        progress.break_silence()
    assert stream.getvalue().splitlines() == [
        "  Trainer … 600 s  epoch 1 of 4",
        "  Trainer … 1300 s  epoch 1 of 4",
        "  Trainer done",
        "  Evaluator … 600 s",
    ]


def test_whoever_speaks_in_time_needs_no_such_line():
    stream, clock = io.StringIO(), Clock()
    with Progress(console_on(stream), seconds=600, clock=clock) as progress:
        for step in range(6):
            clock.now += 500
            progress.break_silence()
            progress.print(f"step {step}")
    assert stream.getvalue().splitlines() == [f"step {step}" for step in range(6)]


def test_a_thread_breaks_the_silence_until_the_block_ends():
    stream = io.StringIO()
    with Progress(console_on(stream), seconds=0.02) as progress:
        progress.work_on("Trainer")
        wait_until(lambda: stream.getvalue().count("\n") >= 3)
    assert all(re.fullmatch(r"  Trainer … \d+ s", line) for line in stream.getvalue().splitlines())
    assert "progress" not in [thread.name for thread in threading.enumerate()]


def wait_until(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_terminal_has_a_spinner_and_no_such_lines():
    stream = io.StringIO()
    with Progress(Console(file=stream, force_terminal=True, width=60), seconds=0.1) as progress:
        progress.work_on("Trainer")
        wait_until(lambda: "Trainer" in stream.getvalue())
    assert "…" not in stream.getvalue() and "Trainer" in stream.getvalue()
    assert SECONDS < 15


def test_a_pipe_gets_no_control_characters_whatever_the_environment_says(tmp_path):
    script = (
        "import sys, time\n"
        "from cli.common.progress import Progress\n"
        "from cli.common.console import console_on\n"
        "with Progress(console_on(sys.stdout), seconds=0.1) as progress:\n"
        "    progress.work_on('Trainer')\n"
        "    progress.print('[green]done[/green]')\n"
        "    time.sleep(0.5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={
            "PYTHONPATH": str(pathlib.Path(__file__).parents[3]),
            "FORCE_COLOR": "1",
            "TTY_COMPATIBLE": "1",
            "TERM": "xterm-256color",
            "PYTHONUTF8": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert "done" in lines
    assert all(re.fullmatch(r"  Trainer … \d+ s|done", line) for line in lines)
    assert not CONTROL.search(done.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_that_read_a_log_say_so_on_stderr(tmp_path, monkeypatch, name, capfd):
    from cli.main import polyrank

    monkeypatch.chdir(tmp_path)
    rows = "".join(
        f"{1_772_323_200 + row},{row % 2},u{row % 200},i{row % 150},{row % 7 // 6}\n"
        for row in range(60_000)
    )
    (tmp_path / "log" / "span=2026-03-01").mkdir(parents=True)
    for path in (tmp_path / "log.csv", tmp_path / "log" / "span=2026-03-01" / "log.csv"):
        path.write_text("timestamp,page,user_id,item_id,click\n" + rows)
    schema = polyrank.main(
        ["schema", "infer", "--data", "log.csv", "--out", "s.pbtxt"], standalone_mode=False
    )
    assert schema is None
    capfd.readouterr()
    monkeypatch.setattr("cli.common.progress.SECONDS", 0.02)
    polyrank.main(list(COMMANDS[name]), standalone_mode=False)
    printed = capfd.readouterr()
    assert re.search(rf"^  {SAID[name]} … \d s$", printed.err, re.MULTILINE)
    assert "…" not in printed.out
    assert not CONTROL.search(printed.out + printed.err)
