"""What was to be reached, and whether it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from benchmarks.proof.claims import masks
from benchmarks.proof.claims.default_mix import VALUES as MIX_VALUES
from benchmarks.proof.claims.selection import VALUES as SELECTION_VALUES
from benchmarks.proof.tables import Value, by_label, markdown, shown
from benchmarks.proof.trainings.trials import Judged
from benchmarks.proof.verdict import tables
from models.metrics.significance import Interval, mean_interval, paired_difference

CLOSE = 0.003
"""How much more regret than the scenario-task MMoE's CSII may have."""

ATTENTION, ATTENTION_WORLDS = 0.4, 3
"""The donor's share of the attention, in the mean of at least so many worlds."""


@dataclasses.dataclass(frozen=True)
class Target:
    """A number that decides.

    Attributes:
      text: what was to be reached.
      table: the table that it follows from.
      measure: of the table's trainings, the interval that decides.
      reached: whether an interval is good enough.
    """

    text: str
    table: str
    measure: Callable[[Sequence[Judged]], Interval]
    reached: Callable[[Interval], bool]

    def row(self, judged: Sequence[Judged]) -> list[str]:
        """Writes the target, what was found, on how many worlds, and the verdict."""
        if not judged:
            return [self.text, "", "0", "open"]
        found = self.measure(judged)
        verdict = "reached" if self.reached(found) else "not reached"
        return [self.text, shown(found), str(found.seeds), verdict]


def difference(judged: Sequence[Judged], label: str, baseline: str, value: Value) -> Interval:
    """The mean of a label's value minus a baseline's, paired by seed."""
    grouped = by_label(judged)
    ours, theirs = (
        {seed: value(one) for seed, one in grouped[name].items()} for name in (label, baseline)
    )
    return paired_difference(ours, theirs).interval


def above_zero(found: Interval) -> bool:
    """Whether the whole interval is above 0; False of one seed, which has none."""
    return found.mean - found.half > 0


MINOR = MIX_VALUES[tables.MINOR_REGRET]
CVR = SELECTION_VALUES[tables.ENTIRE_SPACE_CVR]


def _clicks_and_conversions(one: Judged) -> float:
    return (MIX_VALUES["click"](one) + MIX_VALUES["click_and_conversion"](one)) / 2


TARGETS: tuple[Target, ...] = (
    Target(
        "CSII has less regret on the minor scenarios than the published MMoE: "
        "regret of `mmoe, task` - regret of `csii`, its interval above 0",
        "main",
        lambda judged: difference(judged, "mmoe, task", "csii", MINOR),
        above_zero,
    ),
    Target(
        f"... and at most {CLOSE} more than `mmoe`, with gates a scenario and task: "
        "regret of `csii` - regret of `mmoe`",
        "main",
        lambda judged: difference(judged, "csii", "mmoe", MINOR),
        lambda found: found.mean <= CLOSE,
    ),
    Target(
        f"A planted donor gets at least {ATTENTION} of the attention, the mean of "
        f"{ATTENTION_WORLDS} worlds or more",
        "donors",
        lambda judged: mean_interval(
            [tables.attention(one) for one in by_label(judged)["csii"].values()]
        ),
        lambda found: found.seeds >= ATTENTION_WORLDS and found.mean >= ATTENTION,
    ),
    Target(
        "AEM2TL, its published losses, ranks conversions in the entire space better than from "
        "clicked rows only, where conversions without a click exist: AUC of CVR, its interval "
        "above 0",
        "unclicked",
        lambda judged: difference(judged, "aem2tl", tables.CLICKED_ONLY, CVR),
        above_zero,
    ),
    Target(
        "... and with our losses, `total_and_joint`",
        "unclicked",
        lambda judged: difference(judged, tables.TOTAL_AND_JOINT, tables.CLICKED_ONLY, CVR),
        above_zero,
    ),
    Target(
        "AutoIFS's searched mask is not below random masks of its size: mean AUC of click and "
        "click_and_conversion, its mask - random, not below 0",
        "flows",
        lambda judged: difference(
            judged, masks.ITS_MASK, masks.RANDOM_MASK, _clicks_and_conversions
        ),
        lambda found: found.mean >= 0,
    ),
)


def page(judged: Mapping[str, Sequence[Judged]]) -> str:
    """Writes a row a target.

    Args:
      judged: table -> its finished trainings; none where no world has all of them.
    """
    rows = [target.row(judged[target.table]) for target in TARGETS]
    return markdown(["target", "found", "worlds", "verdict"], rows)
