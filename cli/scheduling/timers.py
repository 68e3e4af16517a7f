"""What makes this machine run a command at certain times: crontab, or systemd."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence

from cli.scheduling.cron import Cron


@dataclasses.dataclass(frozen=True)
class LocalSchedule:
    """A command, and when.

    Attributes:
      name: of the units.
      cron: the times, in this machine's time zone.
      command: its words; the first is an absolute path.
      folder: an absolute path, which the command is started in.
    """

    name: str
    cron: Cron
    command: Sequence[str]
    folder: str

    @property
    def crontab(self) -> str:
        """One line.

        Raises:
          SettingsError: crontab has no seconds.
        """
        words = f"cd {shlex.quote(self.folder)} && {shlex.join(self.command)}"
        # Crontab takes a bare % for the end of the line.
        return f"{self.cron.crontab} " + words.replace("%", r"\%")

    @property
    def service(self) -> str:
        """The text of NAME.service, which systemd never starts while it is still running."""
        return (
            "[Unit]\n"
            f"Description=Polyrank run of {self.name}\n\n"
            "[Service]\n"
            "Type=oneshot\n"
            f"WorkingDirectory={self.folder.replace('%', '%%')}\n"
            f"ExecStart={' '.join(_systemd_word(word) for word in self.command)}\n"
        )

    @property
    def timer(self) -> str:
        """The text of NAME.timer."""
        times = "".join(f"OnCalendar={event}\n" for event in self.cron.systemd)
        return (
            "[Unit]\n"
            f"Description=Times of {self.name}.service\n\n"
            f"[Timer]\n{times}\n"
            "[Install]\n"
            "WantedBy=timers.target\n"
        )


def _systemd_word(word: str) -> str:
    """As systemd reads words: it expands % and $, and knows no quotes within a word."""
    text = word.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if shlex.quote(word) != word else text
