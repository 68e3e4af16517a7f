"""A run on a log whose purchases are a count, and on the last day not known in every row."""

import json

import numpy as np
import pandas as pd
import pytest

from common.names import OVERALL

pytestmark = pytest.mark.e2e

ROWS, DAYS = 3_000, 3
_ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = f"""
feature {{ name: "shown_at" type: INT {_ONE} annotation {{ tag: "timestamp" }} }}
feature {{ name: "page" type: BYTES {_ONE} annotation {{ tag: "scenario" }}
  string_domain {{ value: "start" value: "search" }} }}
feature {{ name: "member" type: INT {_ONE} annotation {{ tag: "user_id" }} }}
feature {{ name: "kind" type: INT {_ONE} int_domain {{ min: 0 max: 4 }}
  annotation {{ tag: "item" tag: "categorical" }} }}
feature {{ name: "clicked" type: INT {_ONE} annotation {{ tag: "label:click" }} }}
feature {{ name: "purchases" type: INT annotation {{ tag: "label:buy given:click above:0" }} }}
"""


def _log():
    random = np.random.default_rng(4)
    kind = random.integers(0, 5, ROWS)
    click = random.random(ROWS) < 0.1 + 0.15 * kind
    bought = click & (random.random(ROWS) < 0.15 + 0.15 * kind)
    day = np.arange(ROWS) * DAYS // ROWS
    log = pd.DataFrame(
        {
            "shown_at": 1_772_323_200 + np.arange(ROWS) * DAYS * 86_400 // ROWS,
            "page": random.choice(["start", "search"], ROWS),
            "member": random.integers(0, 60, ROWS),
            "kind": kind,
            "clicked": click.astype(int),
            "purchases": pd.array(bought * random.integers(1, 4, ROWS), "Int64"),
        }
    )
    log.loc[ROWS - 300 :, "purchases"] = pd.NA
    return log, day


@pytest.fixture(scope="module")
def run(workspace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gaps")
    log, day = _log()
    for number in range(DAYS):
        span = folder / "log" / f"span=2026-03-0{number + 1}"
        span.mkdir(parents=True)
        log[day == number].to_csv(span / "part.csv", index=False)
    (folder / "schema.pbtxt").write_text(SCHEMA)
    (folder / "my.yaml").write_text(
        "data: {path: log, schema_path: schema.pbtxt}\n"
        "window: {end: latest, train_spans: 2, eval_spans: 1}\n"
        "model: {name: shared_bottom, embedding_dim: 4}\n"
        "training: {max_epochs: 3, batch_size: 256, learning_rate: 0.02}\n"
        "gate: {auc_at_least: 0.55, calibration_between: [0.5, 2.0]}\n"
    )
    arguments = ("--config", str(folder / "my.yaml"), "--work-dir", str(folder / "work"))
    return folder, workspace.command("polyrank", "run", *arguments, "--json")


def test_a_model_is_trained_judged_and_pushed(run):
    _, finished = run
    assert finished.exit_code == 0, finished.stderr
    assert finished.document["status"] == "pushed"
    assert set(finished.outcomes.values()) == {"done"}


def test_the_gaps_are_counted_and_said(run):
    folder, finished = run
    said = "buy is not known yet in 300 of 1,000 rows of 2026-03-03: its loss and metrics leave"
    assert said in " ".join(finished.stderr.split())
    notes = {record["name"]: record["note"] for record in finished.document["components"]}
    assert notes["ImpressionExampleGen"] == "buy not known yet in 300 rows"
    (path,) = (folder / "work").glob("**/ImpressionExampleGen/examples/*/examples.json")
    (record,) = json.loads(path.read_text())["labels_not_known_yet"]
    assert (record["label"], record["rows"], record["of"]) == ("buy", 300, 1_000)


def test_every_output_is_judged_on_the_rows_that_are_known(run):
    _, finished = run
    log, day = _log()
    judged = log[day == DAYS - 1]
    known = judged[judged.purchases.notna()]
    clicked = known[known.clicked == 1]
    counts = {
        output: (cells[OVERALL]["positives"], cells[OVERALL]["negatives"])
        for output, cells in finished.document["metrics"].items()
    }
    bought = int((known.purchases > 0).sum())
    clicks = int(judged.clicked.sum())
    assert counts == {
        "click": (clicks, len(judged) - clicks),
        "buy_given_click": (bought, len(clicked) - bought),
        "click_and_buy": (bought, len(known) - bought),
    }
    for output, cells in finished.document["metrics"].items():
        assert np.isfinite(cells[OVERALL]["auc"]), output


@pytest.mark.slow
def test_a_label_that_no_judged_row_has_ends_the_run_before_training(run, workspace):
    folder, _ = run
    log, day = _log()
    last = folder / "log" / f"span=2026-03-0{DAYS}" / "part.csv"
    log[day == DAYS - 1].assign(purchases=pd.NA).to_csv(last, index=False)
    arguments = ("--config", str(folder / "my.yaml"), "--work-dir", str(folder / "work"))
    finished = workspace.command("polyrank", "run", *arguments, "--json")
    assert finished.exit_code == 4, finished.stderr
    assert finished.document["reason"].startswith("DataGate: no model can be learned")
    assert (
        "column 'purchases' (label:buy) is missing in all 1,000 rows of split 'eval'"
        in finished.document["reason"]
    )
    assert "Trainer" not in finished.outcomes
