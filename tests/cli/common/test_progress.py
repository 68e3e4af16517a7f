"""Who reads a file or a pipe hears at intervals what works; a terminal has a spinner."""

import io
import pathlib
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console

from cli.common.progress import SECONDS, Progress
from cli.common.terminal import console_on

COMMANDS = {
    "check": ("schema", "check", "--data", "log", "--schema", "s.pbtxt"),
    "infer": ("schema", "infer", "--data", "log.csv"),
    "spans": ("data", "spans", "--source", "log.csv", "--schema", "s.pbtxt", "--out", "new"),
}
SAID = {"check": "checking log", "infer": "reading log.csv", "spans": "writing new"}
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x9b]")


def test_silence_ends_after_the_interval_with_what_works_and_how_long():
    stream = io.StringIO()
    with Progress(console_on(stream), seconds=0.2) as progress:
        progress.work_on("Trainer")
        progress.detail("epoch 1 of 4")
        time.sleep(1.1)
        progress.print("  Trainer done")
        progress.work_on("Evaluator")
        time.sleep(0.3)
    lines = stream.getvalue().splitlines()
    end = lines.index("  Trainer done")
    assert 2 <= end <= 5 and set(lines[end + 1 :]) == {"  Evaluator … 0 s"}
    assert {lines[0], lines[end - 1]} == {
        "  Trainer … 0 s  epoch 1 of 4",
        "  Trainer … 1 s  epoch 1 of 4",
    }
    # It has ended with the block.
    time.sleep(0.3)
    assert stream.getvalue().splitlines() == lines


def test_whoever_speaks_in_time_needs_no_such_line():
    stream = io.StringIO()
    with Progress(console_on(stream), seconds=0.6) as progress:
        for step in range(6):
            time.sleep(0.15)
            progress.print(f"step {step}")
    assert stream.getvalue().splitlines() == [f"step {step}" for step in range(6)]


def test_a_terminal_has_a_spinner_and_no_such_lines():
    stream = io.StringIO()
    with Progress(Console(file=stream, force_terminal=True, width=60), seconds=0.1) as progress:
        progress.work_on("Trainer")
        time.sleep(0.4)
    assert "…" not in stream.getvalue() and "Trainer" in stream.getvalue()
    assert SECONDS < 15


def test_a_pipe_gets_no_control_characters_whatever_the_environment_says(tmp_path):
    script = (
        "import sys, time\n"
        "from cli.common.progress import Progress\n"
        "from cli.common.terminal import console_on\n"
        "with Progress(console_on(sys.stdout), seconds=0.1) as progress:\n"
        "    progress.work_on('Trainer')\n"
        "    progress.print('[green]done[/green]')\n"
        "    time.sleep(0.25)\n"
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
    assert lines[0] == "done" and set(lines[1:]) == {"  Trainer … 0 s"}
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
