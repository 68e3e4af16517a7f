"""What libraries print goes to the log; what is for people stays on the terminal."""

import subprocess
import sys
import textwrap

import pytest


def _run(
    tmp_path, body: str, people_read_stderr: bool, more: str = ""
) -> subprocess.CompletedProcess:
    script = textwrap.dedent(
        f"""
        import logging, os, pathlib
        from cli.common.terminal import quiet_terminal
        with quiet_terminal(
            pathlib.Path({str(tmp_path / "log")!r}), people_read_stderr={people_read_stderr}{more}
        ) as terminal:
        """
    ) + textwrap.indent(textwrap.dedent(body), "    ")
    script += "print('after')\n"
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
