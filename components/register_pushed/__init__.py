"""RegisterPushed: only what was really pushed becomes the next baseline."""

from components.register_pushed.component import RegisterPushed
from components.register_pushed.run_info import RunInfo

__all__ = ["RegisterPushed", "RunInfo"]
