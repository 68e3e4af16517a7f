"""From logged impressions to a registered version, then the next span, then nothing new."""

import json
import pathlib

import pyarrow.parquet as pq
import pytest

from common.names import OVERALL

pytestmark = pytest.mark.e2e

OUTPUTS = {
    "click",
    "action_given_click",
    "click_and_action",
    "conversion_given_click",
    "click_and_conversion",
    "conversion",
}


def test_the_first_run_pushes_a_version(workspace, first):
    assert first.exit_code == 0, first.stderr
    document = first.document
    assert (document["status"], document["exit_code"]) == ("pushed", 0)
    assert set(first.outcomes.values()) == {"done"}
    pushed = workspace.work_dir / "serving" / "small" / document["version"]
    assert (pushed / "saved_model.pb").is_file()
    assert (pushed / "assets.extra" / "tf_serving_warmup_requests").is_file()
    registry = json.loads((workspace.work_dir / "registry.json").read_text())
    assert [entry["version"] for entry in registry["versions"]][0] == document["version"]


def test_every_row_is_accounted_for(workspace, first):
    import pyarrow.parquet as pq

    rows = {record["name"]: record["rows"] for record in first.document["components"]}
    fates = first.document["rows"]
    # Four of the five days are inside the first window.
    spans = [workspace.log / f"span=2026-01-0{day}" for day in range(1, 5)]
    log = sum(pq.read_metadata(part).num_rows for span in spans for part in span.glob("*.parquet"))
    assert rows["ImpressionExampleGen"] == sum(fates.values()) == log > 0.7 * workspace.rows
    learned = fates["train"] + fates["validation"]
    assert rows["StatisticsGen"] == learned + fates["eval"]
    assert (rows["Trainer"], rows["Evaluator"]) == (learned, fates["eval"])
    assert all(record["seconds"] >= 0 for record in first.document["components"])


def test_down_sampled_negatives_leave_the_model_calibrated(first):
    fates = first.document["rows"]
    # 40 % of the negatives, which are most rows, of train and validation are gone.
    before = fates["train"] + fates["validation"] + fates["sampled_away"]
    assert 0.3 * before < fates["sampled_away"] < 0.4 * before
    click = first.document["metrics"]["click"]["*"]
    # Without weights: 1 / .6 = 1.67. With about 120 clicks to judge by, 9 % is a standard error.
    assert 0.75 < click["calibration"] < 1.3


def test_metrics_are_keyed_by_output_and_scenario(first):
    metrics = first.document["metrics"]
    rows = {record["name"]: record["rows"] for record in first.document["components"]}
    assert set(metrics) == OUTPUTS
    for output, cells in metrics.items():
        overall = cells.pop("*")
        assert len(cells) == 7
        for count in ("positives", "negatives"):
            assert overall[count] == sum(cell[count] for cell in cells.values()), output
    click = first.document["metrics"]["click"]["*"]
    assert click["positives"] + click["negatives"] == rows["Evaluator"]
    assert (
        first.document["metrics"]["conversion_given_click"]["*"]["positives"]
        <= (click["positives"])
    )


def test_the_log_and_the_model_are_held_against_the_truth(first):
    records = {record["name"]: record for record in first.document["components"]}
    assert records["BayesCheck"]["rows"] == records["Evaluator"]["rows"]
    assert 0 < records["LeakAlarm"]["rows"] < records["Trainer"]["rows"]
    assert records["LeakAlarm"]["note"].startswith("most by one feature: AUC 0.")


def test_the_canary_tells_what_it_measured(first):
    canary = first.document["canary"]
    assert (canary["blessed"], canary["rows"]) == (True, 256)
    assert canary["predict"]["largest_difference"] <= canary["tolerance"]
    assert canary["latency"]["live"] == {"reason": "no version has been pushed yet"}
    assert canary["bytes"] > 100_000


def test_the_gate_gives_every_cell_a_verdict_and_a_reason(first):
    cells = first.document["gate"]["cells"]
    assert len(cells) == len(OUTPUTS) * 8
    assert {cell["verdict"] for cell in cells} <= {"pass", "fail", "insufficient data"}
    assert all(cell["reason"] for cell in cells)


def test_a_finished_training_leaves_no_checkpoint(workspace, first):
    checkpoints = workspace.work_dir / "checkpoints"
    assert not checkpoints.exists() or list(checkpoints.iterdir()) == []


def test_the_next_span_is_compared_with_the_pushed_version(first, second):
    assert second.exit_code == 0, second.stderr
    assert first.document["gate"]["baseline"]["exists"] is False
    baseline = second.document["gate"]["baseline"]
    assert baseline == {**baseline, "exists": True, "version": first.document["version"]}
    overall = [cell for cell in second.document["gate"]["cells"] if cell["scenario"] == "*"]
    for cell in overall:
        expected = cell["candidate"]["logloss"] - cell["baseline"]["logloss"]
        assert cell["difference"]["logloss"] == pytest.approx(expected, abs=1e-12)
    assert second.document["version"] > first.document["version"]
    latency = second.document["canary"]["latency"]
    assert latency["live"]["version"] == first.document["version"]
    assert latency["ratio"] < 2


def test_users_that_the_baseline_never_saw_are_compared_too(workspace, first, second):
    def users(days):
        files = [path for day in days for path in (workspace.log / f"span={day}").iterdir()]
        return {user for file in files for user in pq.read_table(file)["user_id"].to_pylist()}

    # The first run learned from three days, its rival is judged on the fifth.
    assert users(workspace.days[4:]) - users(workspace.days[:3])
    (click,) = (
        cell
        for cell in second.document["gate"]["cells"]
        if (cell["output"], cell["scenario"]) == ("click", "*")
    )
    low, high = click["intervals"]["auc"]
    assert -1 < low < click["difference"]["auc"] < high < 1
    assert second.document["gate"]["situations"] == []


def test_an_unchanged_run_is_all_cached(second, third):
    assert third.exit_code == 0, third.stderr
    assert set(third.outcomes.values()) == {"cached"}
    assert third.outcomes.keys() == second.outcomes.keys()
    assert third.document["version"] == second.document["version"]
    assert third.document["metrics"] == second.document["metrics"]


def test_tighter_thresholds_refuse_and_say_why(workspace, third):
    refused = workspace.run("--set", "window.end=2026-01-05", "--set", "gate.auc_at_least=0.999")
    assert refused.exit_code == 3, refused.stderr
    document = refused.document
    assert (document["status"], document["version"]) == ("refused by gate", None)
    assert "click" in document["reason"] and "0.999" in document["reason"]
    assert refused.outcomes["Trainer"] == "cached"
    served = workspace.work_dir / "serving" / "small"
    registry = json.loads((workspace.work_dir / "registry.json").read_text())
    assert len(list(served.iterdir())) == len(registry["versions"]) == 2
    lines = [line.rstrip() for line in refused.stderr.splitlines() if "…" not in line]
    assert lines[-1].startswith("refused by gate: ")
    # Who reads the lines must not think that it was pushed.
    assert not [line for line in lines if "Pusher" in line and "done" in line]
    for name, note in (
        ("ModelCanary", "not examined"),
        ("Pusher", "not pushed"),
        ("RegisterPushed", "not registered"),
    ):
        assert refused.outcomes[name] == "skipped"
        (line,) = [line for line in lines if line.startswith(f"  {name} ")]
        assert " skipped " in line and line.endswith(note)
    (line,) = [line for line in lines if line.startswith("  PromotionGate ")]
    gate = document["gate"]
    assert line.endswith(f"refused: {len(gate['reasons'])} of {len(gate['cells'])} cells")
    # One row an output, and a sentence a cell that refused.
    shown = [line.split()[0] for line in lines if line.startswith(" ") and line.endswith(" fail")]
    assert shown == [cell["output"] for cell in gate["cells"] if cell["scenario"] == OVERALL]
    named = {line.split()[0] for line in lines if "/" in line.partition("  ")[0]}
    refusing = {f"{x['output']}/{x['scenario']}" for x in gate["cells"] if x["refuses"]}
    assert refusing <= named
    # Others' progress is not in the log.
    (log,) = pathlib.Path(document["run_directory"]).glob("run.log")
    assert " INFO absl: " not in log.read_text() and " INFO apache_beam" not in log.read_text()
