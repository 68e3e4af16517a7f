"""What a result says of the gate's record (`gate.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.promotion_gate.worse_text import worse_of_all


def passed(gate: Mapping[str, Any]) -> str:
    """Says by what a candidate got through the gate, and of what the gate warns."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in gate["counts"].items() if count)
    baseline = gate["baseline"]
    # Where nothing was pushed before there is nothing to be said of it.
    lost = f" ({baseline['reason']})" if baseline.get("not_compared") else ""
    compared = f"version {baseline['version']}" if baseline["version"] else f"none{lost}"
    text = f"gate: {counts}; baseline: {compared}"
    worse = worse_of_all(gate["references"]) if "references" in gate else ""
    return f"{text}; warning: {worse}" if worse else text


def references_with_verdicts(
    references: Mapping[str, Any], gate: Mapping[str, Any]
) -> dict[str, Any]:
    """Adds the gate's comparison to the metrics of the simple models.

    Args:
      references: references.json; empty without simple models.
      gate: gate.json; empty where the run did not get there.

    Returns:
      `references`, where each compared output has `compared` (`rows`, `of` and the candidate's
      metrics on them) and each of its models `gain`, `intervals` and `verdict`.
    """
    compared = gate.get("references", {}).get("outputs", {})
    outputs = {
        output: _with_verdicts(found, compared.get(output, {}))
        for output, found in references.get("outputs", {}).items()
    }
    return {**references, "outputs": outputs} if references else {}


def _with_verdicts(found: Mapping[str, Any], compared: Mapping[str, Any]) -> dict[str, Any]:
    models = compared.get("models")
    if not models:
        return dict(found)
    of_rows = {name: compared[name] for name in ("rows", "of", "candidate")}
    kept = ("gain", "intervals", "verdict")
    return {
        **{
            name: {**values, **{key: models[name][key] for key in kept}}
            for name, values in found.items()
        },
        "compared": of_rows,
    }
