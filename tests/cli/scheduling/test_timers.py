"""Texts for crontab and systemd."""

import subprocess

import pytest

from cli.scheduling.cron import Cron
from cli.scheduling.timers import LocalSchedule

WORDS = ["plain", "a b", "it's", '"quoted"', "100%", "$HOME", "back\\slash"]


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "my folder"
    folder.mkdir()
    program = ["/bin/sh", "-c", 'pwd; printf "%s\\n" "$@"', "sh", *WORDS]
    return LocalSchedule("daily", Cron.parse("0 3 * * *"), program, str(folder))


def test_a_shell_gets_the_words_from_the_crontab_line(made):
    assert made.crontab.startswith("0 3 * * * ")
    # What cron itself does before it calls the shell.
    command = made.crontab.removeprefix("0 3 * * * ").replace(r"\%", "%")
    assert "%" not in made.crontab.replace(r"\%", "")
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [made.folder, *WORDS]


def test_units():
    made = LocalSchedule(
        "daily", Cron.parse("0 3 1 * sun"), ["/opt/polyrank", "a b", 'x="1"%', "$1"], "/srv/50%"
    )
    assert made.service == (
        "[Unit]\nDescription=Polyrank run of daily\n\n"
        "[Service]\nType=oneshot\nWorkingDirectory=/srv/50%%\n"
        'ExecStart=/opt/polyrank "a b" "x=\\"1\\"%%" "$$1"\n'
    )
    assert made.timer == (
        "[Unit]\nDescription=Times of daily.service\n\n"
        "[Timer]\nOnCalendar=*-*-01 03:00:00\nOnCalendar=Sun *-*-* 03:00:00\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
