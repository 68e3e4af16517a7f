"""A log of a label and a few columns, as Criteo's is: from a CSV file to scores of a server."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import Workspace

from serving.process import ServerProcess

SCHEMA = """
feature { name: "label" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  not_in_environment: "SERVING" annotation { tag: "label:click" } }
feature { name: "I1" type: INT annotation { tag: "numeric:buckets=8" } }
feature { name: "C1" type: BYTES annotation { tag: "id" } }
feature { name: "C2" type: BYTES annotation { tag: "categorical" } }
default_environment: "TRAINING"
default_environment: "SERVING"
"""
ROWS = 4_000


def _rows():
    random = np.random.default_rng(3)
    c1, c2 = random.integers(0, 40, ROWS), random.integers(0, 10, ROWS)
    i1 = random.gamma(2, 3, ROWS).round()
    logit = random.normal(0, 1.2, 40)[c1] + random.normal(0, 0.8, 10)[c2] + 0.1 * i1 - 1.8
    return pd.DataFrame(
        {
            "label": (random.random(ROWS) < 1 / (1 + np.exp(-logit))).astype(int),
            "I1": pd.array(np.where(random.random(ROWS) < 0.2, np.nan, i1), dtype="Int64"),
            "C1": [f"{x * 2654435761 % 2**32:08x}" for x in c1],
            "C2": [f"{x * 40503:08x}" for x in c2],
        }
    )


@pytest.mark.e2e
def test_a_log_without_user_scenario_and_time_is_trained_gated_pushed_and_served(
    tmp_path, preloaded
):
    shop = Workspace(tmp_path, preloaded)
    _rows().to_csv(tmp_path / "clicks.csv", index=False)
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    config = {
        "name": "ads",
        "data": {"path": "log", "schema_path": "schema.pbtxt"},
        "model": {"name": "mmoe", "embedding_dim": 4},
        "training": {"max_epochs": 2, "batch_size": 256, "learning_rate": 0.01},
        "gate": {"calibration_between": [0.5, 2.0]},
        "references": {"enabled": False},
    }
    shop.config.write_text(yaml.safe_dump(config))
    made = shop.command(
        "polyrank", "data", "spans", "--source", "clicks.csv", "--schema", "schema.pbtxt",
        "--out", "log", "--span", "2026-03-01",
    )  # fmt: skip
    assert (made.exit_code, made.stderr) == (0, "")

    refused = shop.run("--set", "gate.gauc_drop_at_most=0.01")
    assert refused.exit_code == 1 and refused.document["components"] == []
    assert "gate.gauc_drop_at_most is 0.01, but the schema has no user_id" in refused.stderr

    run = shop.run()
    document = run.document
    assert (run.exit_code, document["status"]) == (0, "pushed"), run.stderr
    rows = document["rows"]
    assert sum(rows.values()) == ROWS and rows["quarantined"] == 0
    # The hash split of the last span: 10 % eval, 10 % of the rest validation.
    for split, share in (("train", 0.81), ("validation", 0.09), ("eval", 0.1)):
        assert abs(rows[split] - share * ROWS) < 6 * np.sqrt(share * (1 - share) * ROWS)
    (cell,) = document["gate"]["cells"]
    assert document["gate"]["user_id"] is None
    assert cell["output"] == "click" and cell["candidate"]["gauc"] is None
    assert cell["candidate"]["positives"] + cell["candidate"]["negatives"] == rows["eval"]
    assert cell["candidate"]["auc"] > 0.6
    assert " no GAUC: the schema has no user_id" in run.stderr.splitlines()
    registry = json.loads((shop.work_dir / "registry.json").read_text())
    assert registry["versions"][-1]["scenarios"] == ["default"]

    served = shop.work_dir / "serving" / "ads"
    with ServerProcess("ads", served, tmp_path / "server.log") as server, server.client() as client:
        told = client.predict({"I1": [3, None], "C1": ["0" * 8, "new"], "C2": ["0" * 8, "0" * 8]})
        assert set(told) == {"click"} and ((told["click"] > 0) & (told["click"] < 1)).all()
        asked = shop.command(
            "polyrank", "predict", "--target", server.target, "--model-name", "ads",
            "--parquet", "log/span=2026-03-01/part-00000.parquet", "--rows", "3", "--json",
        )  # fmt: skip
        assert asked.exit_code == 0, asked.stderr
        scored = [json.loads(line) for line in asked.stdout.splitlines()]
        assert len(scored) == 3 and all(0 < row["click"] < 1 for row in scored)
