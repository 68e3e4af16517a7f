"""The gate's numbers do not depend on how Beam cuts the rows into batches."""

import numpy as np
import pytest
import ranking_samples
from busy import busy_cores
from gate_runs import run_gate

from models.metrics.quality import quality

LEVELS, ROWS = 25, 1_500


@pytest.mark.e2e
def test_equal_rows_tie_under_load(tmp_path):
    """The models' scores show the size of the batch, by far more than kernels' do."""
    rows = ranking_samples.make_rows(ROWS)
    rows["x"] = np.round(rows["x"] * 5).clip(-LEVELS // 2, LEVELS // 2).astype(np.float32) / 5
    ranking_samples.evaluate(tmp_path / "idle", rows, batch_noise=1e-3)
    with busy_cores():
        ranking_samples.evaluate(tmp_path / "busy", rows, batch_noise=1e-3)
    idle, busy = (
        run_gate(tmp_path / name, tmp_path / name / "out", exists=1)[1] for name in ("idle", "busy")
    )
    for one, other in zip(idle["cells"], busy["cells"], strict=True):
        for model in ("candidate", "baseline"):
            assert one[model] == pytest.approx(other[model], rel=1e-12, nan_ok=True)
    for model in ("candidate", "baseline"):
        # 25 scores for 1,500 rows: the AUC is that of the levels, whose ties count one half.
        wanted = quality(rows["is_click"], rows["x"], rows["w"], rows["uid"])
        for metric in ("auc", "gauc", "auc_standard_error"):
            assert idle["cells"][0][model][metric] == pytest.approx(
                getattr(wanted, metric), rel=1e-9
            )
