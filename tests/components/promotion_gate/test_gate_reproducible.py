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


@pytest.mark.e2e
def test_runners_agree(tmp_path):
    """One process, and two processes that share the rows, cut them into batches of their own."""
    rows = ranking_samples.make_rows(ROWS)
    # Any package will do: without one TFX builds one before the Evaluator.
    two = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
    ranking_samples.evaluate(tmp_path / "one", rows, batch_noise=1e-3)
    ranking_samples.evaluate(
        tmp_path / "two", rows, batch_noise=1e-3, beam=(*two, "--setup_file=setup.py")
    )
    one, other = (
        run_gate(tmp_path / name, tmp_path / name / "out", exists=1)[1] for name in ("one", "two")
    )
    for mine, theirs in zip(one["cells"], other["cells"], strict=True):
        assert mine["candidate"]["auc"] == pytest.approx(
            theirs["candidate"]["auc"], abs=1e-5, nan_ok=True
        )
