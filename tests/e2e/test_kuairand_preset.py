"""The KuaiRand preset on the excerpt, from its raw files to a served version."""

import pytest

pytestmark = pytest.mark.e2e


def test_the_preset_learns_more_than_a_smoothed_click_rate(workspace, kuairand_excerpt, tmp_path):
    run = workspace.command(
        "polyrank", "run", "--preset", "kuairand", "--data", str(kuairand_excerpt),
        "--work-dir", str(tmp_path / "work"), "--json",
    )  # fmt: skip
    assert run.exit_code == 0, run.stderr
    document = run.document
    rows = {record["name"]: record["rows"] for record in document["components"]}
    # Duplicates dropped; the last 20 % of the rows by time are eval, 10 % of the rest validation.
    assert rows["ImpressionExampleGen"] == 41_828 - 116
    assert rows["Evaluator"] == round(0.2 * 41_712)
    assert rows["Trainer"] == 41_712 - rows["Evaluator"]
    click = document["metrics"]["click"]["*"]
    assert click["positives"] + click["negatives"] == rows["Evaluator"]
    references = document["references"]["outputs"]["click"]
    assert references["user_rate"]["auc"] == pytest.approx(0.727, abs=0.002)
    assert references["logistic_regression"]["auc"] > 0.744
    assert click["auc"] >= 0.74
    assert click["auc"] > references["user_rate"]["auc"]
