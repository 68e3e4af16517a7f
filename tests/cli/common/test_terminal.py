"""What libraries print goes to the log; what is for people stays on the terminal."""

import os
import pathlib
import pty
import subprocess
import sys
import textwrap

import pytest


def _script(tmp_path, body: str, people_read_stderr: bool, more: str = "") -> str:
    script = textwrap.dedent(
        f"""
        import logging, os, pathlib
        from cli.common.terminal import quiet_terminal
        with quiet_terminal(
            pathlib.Path({str(tmp_path / "log")!r}), people_read_stderr={people_read_stderr}{more}
        ) as terminal:
        """
    ) + textwrap.indent(textwrap.dedent(body), "    ")
    return script + "print('after')\n"


def _run(
    tmp_path, body: str, people_read_stderr: bool, more: str = ""
) -> subprocess.CompletedProcess:
    script = _script(tmp_path, body, people_read_stderr, more)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


NOISE = """
    os.write(1, b"from C on stdout\\n")
    os.write(2, b"from C on stderr\\n")
    print("from Python")
    logging.getLogger("cli.runs.local").info("ours")
    logging.getLogger("apache_beam.io").info("others' progress")
    logging.info("nobody's progress")
    logging.getLogger("absl").warning("others' warning")
    terminal.write("for people\\n")
"""


@pytest.mark.parametrize("people_read_stderr", [False, True])
def test_noise_goes_to_the_log_and_the_rest_to_people(tmp_path, people_read_stderr):
    done = _run(tmp_path, NOISE, people_read_stderr)
    people, machine = (
        (done.stderr, done.stdout) if people_read_stderr else (done.stdout, done.stderr)
    )
    assert done.returncode == 0
    assert people.startswith("for people\n")
    assert machine == ("after\n" if people_read_stderr else "")
    log = (tmp_path / "log").read_text()
    written = ("from C on stdout", "from C on stderr", "from Python", "INFO cli.runs.local: ours")
    for line in (*written, "WARNING absl: others' warning"):
        assert line in log
    assert "progress" not in log


def test_a_log_of_everything_holds_the_progress_of_others_too(tmp_path):
    _run(tmp_path, NOISE, False, ", log_everything=True")
    log = (tmp_path / "log").read_text()
    for line in ("INFO apache_beam.io: others' progress", "INFO root: nobody's progress"):
        assert line in log


def test_the_terminal_comes_back_after_an_error(tmp_path):
    done = _run(tmp_path, "raise ValueError('broken')\n", False)
    assert done.returncode == 1
    assert "ValueError: broken" in done.stderr


def test_on_a_terminal_too_what_libraries_print_goes_to_the_log(tmp_path):
    body = """
        import sys
        from cli.common.console import console_on
        from cli.common.progress import Progress
        with Progress(console_on(terminal)) as progress:
            progress.work_on("Trainer")
            print("from Python")
            print("from Python on stderr", file=sys.stderr)
            progress.print("  Trainer done")
    """
    ours, theirs = pty.openpty()
    script = _script(tmp_path, body, False)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while part := _read(ours):
        shown += part
    os.close(ours)
    assert process.wait() == 0
    assert b"Trainer done" in shown and b"after" in shown
    assert b"from Python" not in shown
    assert (tmp_path / "log").read_text() == "from Python\nfrom Python on stderr\n"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other end is closed.
        return b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("words", ["runs --work-dir absent", "--help"])
def test_closed_streams_are_no_error_of_a_command(tmp_path, closed, words):
    line = f"{sys.executable} -m polyrank {words} {closed}"
    root = str(pathlib.Path(__file__).parents[3])
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, env={"PYTHONPATH": root}, capture_output=True, text=True
    )
    assert done.returncode == (0 if words == "--help" else 2)
    assert "Traceback" not in done.stderr
    if words != "--help" and "2>" not in closed:
        assert done.stderr.endswith("absent does not exist\n")


def test_a_closed_stdout_is_not_the_next_file_that_is_opened(tmp_path):
    script = _script(tmp_path, "print('from Python')\nterminal.write('for people')\n", False)
    script += "open('file', 'w').close()\nos.write(1, b'stray')\n"
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        f"{sys.executable} script.py >&-",
        shell=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(pathlib.Path(__file__).parents[3])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "log").read_text() == "from Python\n"
    assert (tmp_path / "file").read_text() == ""
