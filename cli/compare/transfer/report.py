"""A study of transfer as a Markdown report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cli.compare.plan import Comparison
from cli.compare.report import interval_text, markdown_table, plain
from cli.compare.summary import FEWEST, MEAN
from cli.compare.transfer.advice import advice, amount_text, conclusion
from cli.compare.transfer.matrix import Gain, Matrix

_LEGEND = """\
Every row of a table is a scenario whose eval rows are ranked. **AUC**: of the model that learned
from all rows. **over alone**: what it adds to a model that learned from that scenario's own rows
alone. **from X**: what the rows of X add: the AUC of the model of all rows less that of one that
learned from all rows but those of X; so a positive number is a gain. In brackets, on the diagonal:
what a scenario's own rows add to those of all others. All models are the same network with the same
epochs; one that learned from fewer rows has seen fewer batches.
"""

_LEGEND_OF_SEEDS = """\
Mean over {seeds} seeds ± half of the 95 % interval (Student's t), paired by seed; `*` where the
paired t-test has p < 0.05 after Holm's adjustment for all gains of that table and kind. The seeds
vary initial weights, dropout and shuffling on one log, so the intervals do not cover another log:
mind the number of positives. Scenarios with † have fewer than {fewest} positives or negatives
among their eval rows: they are shown, but not tested.
"""

_LEGEND_OF_ONE = """\
**One seed: no intervals and no tests.** A difference may be chance. Scenarios with † have fewer
than {fewest} positives or negatives among their eval rows.
"""


def gain_text(gain: Gain | None) -> str:
    """Writes a gain's entry in a table; `-` where it was not trained or is undefined."""
    if gain is None:
        return "-"
    text = amount_text(gain) + (" *" if gain.significant else "")
    return f"({text})" if gain.kind == "itself" else text


def transfer_report(
    comparison: Comparison,
    matrix: Matrix,
    rows: Mapping[str, Mapping[str, int]],
    failures: Sequence[str],
) -> str:
    """Writes the report.

    Args:
      comparison: its only model was trained.
      matrix: the gains.
      rows: split -> scenario -> rows.
      failures: one line a failed trial.
    """
    ((name, model),) = comparison.models.items()
    training = comparison.config.training
    legend = _LEGEND_OF_SEEDS if len(matrix.seeds) > 1 else _LEGEND_OF_ONE
    parts = [
        f"# Transfer between scenarios: {name}\n",
        f"**{conclusion(matrix)}**\n",
        "\n".join(f"- **{plain(x)}**: {plain(text)}" for x, text in advice(matrix).items()) + "\n",
    ]
    if failures:
        parts.append("**Failed trials, left out of every number:**\n")
        parts.append("\n".join(f"- {line}" for line in failures) + "\n")
    parts += [
        "## Who gains from whom\n",
        _LEGEND,
        legend.format(seeds=len(matrix.seeds), fewest=FEWEST),
    ]
    for output in matrix.outputs:
        title = "Mean over the outputs" if output == MEAN else output
        parts += [f"### {title}\n", _matrix_table(matrix, output)]
    parts += ["## Rows\n", _rows_table(matrix.scenarios, rows), "## Settings\n"]
    parts.append(
        f"{training.max_epochs} epochs in batches of {training.batch_size:,}, with "
        f"{training.optimizer} at {training.learning_rate:g}; the best epoch by validation "
        f"{training.monitor}, on the validation rows of the scenarios learned from, is kept.\n"
    )
    values = model.model_dump(mode="json", exclude={"name"})
    settings = ", ".join(f"{key} {value}" for key, value in values.items())
    parts.append(f"{name}: {plain(settings)}\n")
    return "\n".join(parts)


def _matrix_table(matrix: Matrix, output: str) -> str:
    header = ["scenario", "AUC", "over alone"]
    header += [f"from {plain(name)}" for name in matrix.scenarios]
    rows = []
    for name in matrix.scenarios:
        gains = [matrix.gain(output, name, source) for source in ("", *matrix.scenarios)]
        tested = any(gain.tested for gain in gains if gain is not None)
        joint = matrix.joint[output, name]
        rows.append(
            [
                plain(name) if tested else f"{plain(name)} †",
                interval_text(joint.mean, joint.half),
                *(gain_text(gain) for gain in gains),
            ]
        )
    return markdown_table(header, rows)


def _rows_table(scenarios: Sequence[str], rows: Mapping[str, Mapping[str, int]]) -> str:
    return markdown_table(
        ["scenario", *rows],
        [[plain(x), *(f"{counts[x]:,}" for counts in rows.values())] for x in scenarios],
    )
