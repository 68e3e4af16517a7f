"""A log whose columns and scenarios have any names, from its file to a client's answer."""

from __future__ import annotations

import json

import numpy as np
import odd_names
import pytest
import yaml

from common.names import PREDICT
from serving.client import Client
from serving.server import ModelServer

pytestmark = pytest.mark.e2e

CONFIG = {
    "name": "odd",
    "data": {"path": "log", "schema_path": "schema.pbtxt"},
    "window": {"end": "latest", "train_spans": 2, "eval_spans": 1},
    "model": {"name": "mmoe", "embedding_dim": 4},
    "training": {"max_epochs": 2, "batch_size": 256, "learning_rate": 0.01},
    "gate": {
        "auc_at_least": 0.2,
        "calibration_between": None,
        "auc_drop_at_most": None,
        "min_positives": 5,
        "min_negatives": 5,
        # Of the scenario 'all', and of all scenarios.
        "overrides": {"klick?/all": {"logloss_at_most": 9}, "klick?/*": {"auc_at_least": 0.3}},
    },
}


@pytest.fixture(scope="module")
def run(tmp_path_factory, empty_workspace):
    """The workspace and its finished run."""
    workspace = empty_workspace(tmp_path_factory.mktemp("odd"))
    (workspace.folder / "schema.pbtxt").write_text(odd_names.schema(), encoding="utf-8")
    workspace.config.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    odd_names.write_csv(workspace.folder / "log.csv", odd_names.made_rows(1500))
    made = workspace.command(
        "polyrank", "data", "spans", "--source", "log.csv", "--schema", "schema.pbtxt",
        "--out", "log",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    return workspace, workspace.run()


def test_the_run_is_pushed_and_judges_the_scenario_all_and_all_scenarios(run):
    _, finished = run
    assert finished.exit_code == 0, finished.stderr
    document = finished.document
    outputs = ("klick?", "买_given_klick?", "klick?_and_买")
    assert (document["status"], document["format"]) == ("pushed", 2)
    assert {name: list(cells) for name, cells in document["metrics"].items()} == {
        name: ["*", *odd_names.SCENARIOS] for name in outputs
    }
    places = [(cell["output"], cell["scenario"]) for cell in document["gate"]["cells"]]
    assert places == [(name, x) for name in outputs for x in ("*", *odd_names.SCENARIOS)]
    for cells in document["metrics"].values():
        overall = cells.pop("*")
        for count in ("positives", "negatives"):
            assert overall[count] == sum(cell[count] for cell in cells.values())
        assert overall["positives"] > cells["all"]["positives"] > 0


def test_a_client_and_the_command_take_the_columns_names(run):
    workspace, _ = run
    rows = odd_names.made_rows(60)
    odd_names.write_csv(workspace.folder / "rows.csv", rows)
    with (
        ModelServer("odd", workspace.work_dir / "serving" / "odd") as server,
        Client(server.target, "odd") as client,
    ):
        client.wait_until_available()
        assert set(client.metadata()[PREDICT].inputs) == set(odd_names.GRAPH_NAMES.values())
        scores = client.predict(
            {name: [row.get(name) for row in rows] for name in odd_names.FEATURES}
        )
        answer = workspace.command(
            "polyrank", "predict", "rows.csv", "--rows", "60", "--target", server.target,
            "--model-name", "odd", "--key", odd_names.USER, "--json",
        )  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    printed = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [int(row[odd_names.USER]) for row in printed] == [row[odd_names.USER] for row in rows]
    for output, values in scores.items():
        assert np.ptp(values) > 1e-3
        np.testing.assert_allclose([row[output] for row in printed], values, rtol=0, atol=1e-5)
