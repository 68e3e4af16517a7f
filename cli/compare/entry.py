"""A comparison's own entry in the list of a work folder's runs (`polyrank runs`)."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

from cli.compare.plan import Comparison
from cli.compare.summary import MEAN
from cli.runs.error_text import error_text
from cli.runs.kinds import COMPARE, STARTED
from common.json_files import write_json
from common.names import OVERALL, RESULT_FORMAT
from models.metrics.names import AUC
from pipeline.outcome import Outcome


@contextlib.contextmanager
def entered(
    directory: pathlib.Path, comparison: Comparison, out: pathlib.Path
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Writes the entry as a comparison begins and as it ends, however it ends.

    One that is killed leaves the first half, which says what it was.

    Args:
      directory: the comparison's own folder below `runs`.
      comparison: what is compared.
      out: the folder of its tables.

    Yields:
      A function to call with the comparison's document at its end.
    """
    what = {
        "kind": COMPARE,
        "models": list(comparison.models),
        "seeds": list(comparison.seeds),
        "baseline": comparison.baseline,
        "out": str(out),
    }
    write_json(directory / STARTED, what)

    def end(status: str, exit_code: int, reason: str, **more: Any) -> None:
        how = {"status": status, "exit_code": exit_code, "reason": reason, **more}
        write_json(directory / "result.json", {"format": RESULT_FORMAT, **what, **how})

    try:
        yield lambda document: end(
            document["status"], document["exit_code"], _reason(document), **_best(document)
        )
    except Exception as error:
        outcome = Outcome.of(error)
        end(outcome.status, outcome.value, error_text(error))
        raise
    except KeyboardInterrupt:
        end("stopped", 130, "interrupted; the same command goes on")
        raise


def _reason(document: dict[str, Any]) -> str:
    found = _best(document)
    texts = [document["conclusion"]] if "conclusion" in document else []
    if found["best"]:
        tied = f" (tied with it: {', '.join(found['tied'])})" if found["tied"] else ""
        texts.append(f"best mean AUC {found['best_auc']:.4f}: {found['best']}{tied}")
    failures = len(document["failed"])
    if failures:
        texts.append(f"{failures} trials failed, the first: {document['failed'][0]}")
    return "; ".join(texts)


def _best(document: dict[str, Any]) -> dict[str, Any]:
    """The model with the best mean AUC over outputs, and those not significantly worse."""
    cells = [
        cell
        for cell in document.get("cells", ())
        if (cell["output"], cell["scenario"], cell["metric"]) == (MEAN, OVERALL, AUC)
    ]
    best = next((cell for cell in cells if cell["standing"] == "best"), None)
    return {
        "best": best and best["model"],
        "best_auc": best and best["mean"],
        "tied": [cell["model"] for cell in cells if cell["standing"] == "tied"],
    }
