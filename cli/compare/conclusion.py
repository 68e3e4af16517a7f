"""The end of a comparison: its files, its tables, and how it ended."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

from cli.common.progress import Progress
from cli.compare.files import comparison_document, write_comparison_csv, write_summary_csv
from cli.compare.plan import Comparison
from cli.compare.plot import plot_differences
from cli.compare.report import report
from cli.compare.summary import summarise_cells, summarise_models
from cli.compare.tables import models_table, output_table
from cli.compare.workers import Outcome
from common.errors import PolyrankError
from common.json_files import write_json
from models.metrics.names import AUC


@dataclasses.dataclass(frozen=True)
class CompareResult:
    """How a comparison ended.

    Attributes:
      exit_code: 0, or 1 where a trial failed.
      document: what `--json` prints; plain values.
    """

    exit_code: int
    document: dict[str, Any]


def conclude(
    comparison: Comparison,
    rows: dict[str, int],
    outcomes: Sequence[Outcome],
    out: pathlib.Path,
    progress: Progress,
) -> CompareResult:
    """Writes the files, shows the tables, and says how it ended.

    Args:
      comparison: what was compared.
      rows: how many each split has.
      outcomes: one a trial.
      out: the folder of the files.
      progress: prints the tables.

    Raises:
      PolyrankError: every trial failed.
    """
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    results.sort(key=lambda result: list(comparison.models).index(result.model))
    failed = [outcome for outcome in outcomes if outcome.result is None]
    failures = [f"{o.job.model}, seed {o.job.seed}: {o.error} ({o.job.log_path})" for o in failed]
    if not results:
        raise PolyrankError("every trial failed; the first: " + failures[0])
    cells = summarise_cells(results, comparison.baseline)
    models = summarise_models(results)
    files = {
        name: str(out / f"{name}.{ending}")
        for name, ending in (("comparison", "csv"), ("summary", "csv"))
    }
    files |= {"report": str(out / "comparison.md"), "plot": str(out / "comparison.png")}
    write_comparison_csv(pathlib.Path(files["comparison"]), cells)
    write_summary_csv(pathlib.Path(files["summary"]), cells)
    text = report(comparison, cells, models, rows, failures)
    pathlib.Path(files["report"]).write_text(text, encoding="utf-8")
    plot_differences(pathlib.Path(files["plot"]), cells, comparison.baseline)
    document = {
        "status": "failed trials" if failed else "compared",
        "exit_code": 1 if failed else 0,
        "failed": failures,
        "rows": rows,
        "files": files,
        **comparison_document(comparison.document(), cells, models, results),
    }
    write_json(out / "comparison.json", document)
    names = [found.model for found in models]
    progress.print(models_table(cells, models, comparison.baseline))
    progress.print(output_table(cells, names, AUC))
    if len(comparison.seeds) == 1:
        progress.print("one seed: no intervals and no tests; differences may be chance")
    last = f"compared: {files['report']}"
    if failed:
        last = f"failed: {len(failed)} of {len(outcomes)} trials; the rest: {files['report']}"
    progress.print(last, markup=False, soft_wrap=True)
    return CompareResult(document["exit_code"], document)
