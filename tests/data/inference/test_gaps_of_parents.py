"""What infer says of a label's gaps is what `schema check` says of them."""

import numpy as np
import pytest
from inferred import infer, logged

ROWS = logged()
N = len(ROWS)
CLICKED = ROWS.click == 1
SOME = np.random.default_rng(2).random(N) < 0.02
LATE = np.random.default_rng(2).random(N) < 0.4
NEGATIVE = "buy is empty in most rows without click: there it is taken as negative"
UNKNOWN = "not known yet, so left out of this label's loss and metrics"


@pytest.mark.parametrize(
    ("kept", "said", "checked"),
    [
        (CLICKED, NEGATIVE, NEGATIVE),
        (CLICKED & ~SOME, f"{NEGATIVE}; elsewhere {UNKNOWN}", NEGATIVE),
        (~LATE, UNKNOWN, ""),
        (
            CLICKED & ~LATE,
            "buy is known in only {share:.1%} of the rows with click of the sample, and in fewer "
            "without: buy is left out there",
            None,
        ),
    ],
    ids=["without-its-parent", "and-some-more", "anywhere", "many-to-come"],
)
def test_gaps_of_a_label_with_a_parent(tmp_path, kept, said, checked):
    found = infer(tmp_path, ROWS.assign(buy=ROWS.buy.where(kept)))
    gaps = f"it is empty in {(~kept).sum():,} of 3,000 rows (first: log.csv, row {kept.argmin()})"
    said = said.format(share=kept[CLICKED].mean())
    assert found.line("label: buy") == f"label: buy (label:buy given:click; {gaps}: {said})"
    assert said in found.text
    if checked is None:  # Nor would a day of the log be learned of.
        return
    lines = found.check()
    assert checked in lines and ("taken as negative" in lines) == (NEGATIVE in said)
