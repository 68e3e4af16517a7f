"""A comparison as a Markdown report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cli.compare.plan import Comparison
from cli.compare.summary import FEWEST, MEAN, CellSummary, ModelSummary
from common.names import OVERALL
from models.metrics.names import COMPARED, GAUC, TITLES

_LEGEND = """\
Mean over {seeds} seeds ± half of the 95 % interval (Student's t). Δ: difference to `{baseline}`,
paired by seed, with its own interval; `*` where the paired t-test has p < 0.05 after Holm's
adjustment for all cells of that model and metric. **Bold**: the best mean of its row; `≈`: not
distinguished from it by a paired t-test (p ≥ 0.05). The seeds vary initial weights, dropout and
shuffling on one log, so the intervals do not cover another log: mind the number of positives.
"""

_LEGEND_OF_ONE = """\
**One seed: no intervals and no tests.** A difference (Δ, to `{baseline}`) may be chance; run more
seeds before you believe one. **Bold**: the largest AUC or smallest log loss of its row, no more.
"""

_METRICS_LEGEND = """\
AUC: over all rows of the output's space. GAUC: mean over users of the AUC among a user's own
rows, weighted by impressions; users without both classes are left out. Log loss: natural
logarithm; smaller is better. Scenarios with † have fewer than {fewest} positives or negatives
(for GAUC: users): they are shown, but neither tested nor ranked.
"""

_NO_GAUC = """\
No GAUC: the schema has no user_id, or no user has rows of both classes.
"""


def interval_text(mean: float, half: float, form: str = ".4f") -> str:
    """Writes `0.7123 ± 0.0011`; the interval is left out where there is none."""
    if mean != mean:
        return "-"
    return f"{mean:{form}}" + ("" if half != half else f" ± {half:.4f}")


def cell_text(cell: CellSummary) -> str:
    """Writes a model's entry in a table of the report."""
    text = interval_text(cell.interval.mean, cell.interval.half)
    if cell.standing == "best":
        text = f"**{text}**"
    elif cell.standing == "tied" and cell.interval.seeds > 1:
        text += " ≈"
    if cell.difference is None or text == "-":
        return text
    interval = cell.difference.interval
    star = " *" if cell.significant else ""
    return f"{text} (Δ {interval_text(interval.mean, interval.half, '+.4f')}{star})"


def report(
    comparison: Comparison,
    cells: Sequence[CellSummary],
    models: Sequence[ModelSummary],
    rows: dict[str, int],
    failures: Sequence[str],
) -> str:
    """Writes the report.

    Args:
      comparison: what was compared.
      cells: every model in every cell.
      models: every model with a finished trial.
      rows: rows of each split.
      failures: one line a failed trial.
    """
    names = [found.model for found in models]
    seeds = max((len(found.seeds) for found in models), default=0)
    legend = _LEGEND if seeds > 1 else _LEGEND_OF_ONE
    splits = ", ".join(f"{split} {count:,}" for split, count in rows.items())
    training = comparison.config.training
    parts = [
        "# Comparison\n",
        f"Rows: {splits}. Every model trains {training.max_epochs} epochs in all its phases, in "
        f"batches of {training.batch_size:,}, with {training.optimizer} at "
        f"{training.learning_rate:g}; the best epoch by validation {training.monitor} is kept.\n",
        legend.format(seeds=seeds, baseline=comparison.baseline),
        _METRICS_LEGEND.format(fewest=FEWEST),
    ]
    metrics = [name for name in COMPARED if name != GAUC or any(cell.users for cell in cells)]
    if GAUC not in metrics:
        parts.append(_NO_GAUC)
    if failures:
        parts.append("**Failed trials, left out of every number:**\n")
        parts.append("\n".join(f"- {line}" for line in failures) + "\n")
    if not models:
        return "\n".join(parts)
    parts += ["## Models\n", _models_table(cells, models, metrics)]
    parts.append(
        "Network: trainable parameters outside of embedding tables and wide part. Seconds: a "
        "training's wall time next to the other processes, validation and graph building "
        "included. Latency: median of scoring 1,000 transformed rows, under the same load.\n"
    )
    for output in dict.fromkeys(cell.output for cell in cells if cell.output != MEAN):
        parts.append(f"## {output}\n")
        for metric in metrics:
            of_table = [cell for cell in cells if (cell.output, cell.metric) == (output, metric)]
            parts += [f"### {TITLES[metric]} of {output}\n", _cells_table(names, of_table)]
    parts += ["## Settings\n", _settings(comparison)]
    return "\n".join(parts)


def _models_table(
    cells: Iterable[CellSummary], models: Iterable[ModelSummary], metrics: Sequence[str]
) -> str:
    means = {(cell.model, cell.metric): cell for cell in cells if cell.output == MEAN}
    header = ["model", *(f"mean {TITLES[metric]}" for metric in metrics)]
    header += ["seeds", "parameters", "network", "seconds", "latency, ms"]
    rows = [
        [
            found.model,
            *(cell_text(means[found.model, metric]) for metric in metrics),
            str(len(found.seeds)),
            f"{found.parameters:,}",
            f"{found.network_parameters:,}",
            "-" if found.seconds != found.seconds else f"{found.seconds:.1f}",
            f"{found.latency_ms:.2f}",
        ]
        for found in models
    ]
    return markdown_table(header, rows)


def _cells_table(models: Sequence[str], cells: Iterable[CellSummary]) -> str:
    by_scenario: dict[str, dict[str, CellSummary]] = {}
    for cell in cells:
        by_scenario.setdefault(cell.scenario, {})[cell.model] = cell
    rows = []
    for scenario, of_models in by_scenario.items():
        first = of_models[models[0]]
        name = "**all scenarios**" if scenario == OVERALL else plain(scenario)
        rows.append(
            [
                name if first.tested else f"{name} †",
                f"{first.positives:,}",
                f"{first.negatives:,}",
                f"{first.users:,}",
                *(cell_text(of_models[model]) for model in models),
            ]
        )
    return markdown_table(["scenario", "positives", "negatives", "users", *models], rows)


def _settings(comparison: Comparison) -> str:
    rows = []
    for name, model in comparison.models.items():
        values = model.model_dump(mode="json", exclude={"name"})
        text = ", ".join(f"{key} {value}" for key, value in values.items())
        rows.append([name, text.replace("|", "\\|")])
    return markdown_table(["model", "settings"], rows)


def plain(text: str) -> str:
    """Text that Markdown shows as it is, in a table too."""
    return re.sub(r"([\\`*|<\[])", r"\\\1", text)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
