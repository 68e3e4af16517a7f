"""The gate on what TFX's own Evaluator measured of a log with guests."""

import json

import numpy as np
import pytest
import ranking_samples
from gate_runs import run_gate

from cli.runs.tables import user_note
from models.metrics.gauc import grouped_auc

ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
OPTIONAL = ranking_samples.SCHEMA.replace(f'name: "uid" type: INT {ONE}', 'name: "uid" type: INT')
ROWS = 600


@pytest.mark.e2e
def test_guests_have_no_part_in_gauc_and_are_counted(tmp_path):
    rows = ranking_samples.make_rows(ROWS)
    guest = np.arange(ROWS) % 4 == 0
    users = rows["uid"]
    ids = np.array([None if g else int(u) for g, u in zip(guest, users, strict=True)], object)
    assert OPTIONAL != ranking_samples.SCHEMA
    ranking_samples.evaluate(tmp_path, {**rows, "uid": ids}, OPTIONAL)
    _, gate = run_gate(tmp_path, tmp_path / "out", exists=1)
    assert gate["user_id"] == "uid"
    cells = {(c["output"], c["scenario"]): c for c in gate["cells"]}
    overall = next(c for c in gate["cells"] if c["output"] == "click")
    for model, slope in (("candidate", 1.0), ("baseline", 0.3)):
        score = 1 / (1 + np.exp(-slope * rows["x"].astype(float)))
        known = (x[~guest] for x in (rows["is_click"], score, rows["w"], users))
        wanted = grouped_auc(*known)
        assert overall[model]["gauc"] == pytest.approx(wanted.mean, abs=1e-6)
        assert overall[model]["ranked_users"] == wanted.groups
        assert overall[model]["without_user"] == 150
        assert overall[model]["positives"] + overall[model]["negatives"] == ROWS
    clicked = cells["buy_given_click", overall["scenario"]]["candidate"]
    assert clicked["without_user"] == (guest & (rows["is_click"] == 1)).sum()
    assert json.dumps(gate["cells"][0]["intervals"]["gauc"]) != "[null, null]"
    assert user_note(gate) == (
        "GAUC leaves out 150 of 600 rows (25.0%), whose uid is empty (guests)"
    )
