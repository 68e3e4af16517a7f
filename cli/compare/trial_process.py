"""One trial in a process of its own, which `workers.WORKER` starts with the path of its job's file.

It ends with its parent, however that ends: it watches its standard input.
"""

from __future__ import annotations

import json
import logging
import os
import pathlib
import sys
import threading
from typing import Any

from cli.runs.error_text import error_text

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def end_with_parent() -> None:
    """Starts a thread that ends this process at the end of its standard input."""

    def wait() -> None:
        # Not sys.stdin: the interpreter could not close it while a thread waits in it.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Runs the trial that the job file describes; the last line of a failed one's log says why."""
    end_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    job = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        run_job(job)
    except Exception as error:
        logging.exception("the trial failed")
        # The comparison shows the last line, and some messages have several.
        sys.exit(" ".join(error_text(error, job["model"]["name"]).split()))


def run_job(job: dict[str, Any]) -> None:
    """Runs the trial of a job.

    Args:
      job: see `Job.spec`.
    """
    from common.errors import PolyrankError
    from models.config import TrainingConfig
    from models.registry import parse_model_config
    from models.trials.code import trial_code
    from models.trials.data import TrialData
    from models.trials.trial import run_trial

    model = parse_model_config(job["model"])
    if job.get("source") not in (None, trial_code(model.name)):
        raise PolyrankError(
            f"the source of '{model.name}' was changed after its trials were planned; start again"
        )

    data = TrialData.load(pathlib.Path(job["data"]))
    if job.get("scenarios") is not None:
        data = data.learning_from(job["scenarios"])
    run_trial(
        data,
        model,
        TrainingConfig(**job["training"]),
        job["folder"],
        code=job["code"],
    )


if __name__ == "__main__":
    main()
