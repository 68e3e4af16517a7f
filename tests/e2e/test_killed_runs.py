"""SIGKILL in every component, one after another in one work folder; then a run to its end.

Each of the nineteen is killed before its work is recorded: the slow ones while they write, the
others when they have written all, and before that is recorded.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from google.protobuf import text_format

from data import synthetic
from schemas.contract import load_schema
from serving.loading.version_files import versions_on_disk

pytestmark = pytest.mark.slow

PROGRAM = pathlib.Path(__file__).with_name("killed_runs.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    synthetic.write_log(folder / "log", synthetic.SyntheticConfig(rows=1500, days=3, seed=3))
    # One label and its truth are enough, and have positives enough in so few rows.
    schema = load_schema(ROOT / "schemas/synthetic/schema.pbtxt")
    left_out = ("action", "conversion", "true_")
    kept = [x for x in schema.feature if x.name == "true_ctr" or not x.name.startswith(left_out)]
    del schema.feature[:]
    schema.feature.extend(kept)
    (folder / "schema.pbtxt").write_text(text_format.MessageToString(schema))
    config = {
        "name": "small",
        "data": {"path": "log", "schema_path": "schema.pbtxt"},
        "window": {"train_spans": 2, "eval_spans": 1},
        "model": {"name": "shared_bottom"},
        "training": {"max_epochs": 1, "batch_size": 512},
        "gate": {
            "auc_at_least": 0.1,
            "calibration_between": [0.01, 100.0],
            "min_positives": 1,
            "min_negatives": 1,
        },
    }
    (folder / "my.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "my.yaml", str(folder / "work")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "work", json.loads(done.stdout.splitlines()[-1])


def test_the_run_after_all_those_kills_pushes_a_version(told):
    work_dir, result = told
    assert result["exit"] == 0
    assert set(result["ended"]) == {x["component"] for x in result["killed"]}
    assert "failed" not in result["ended"].values()
    registered = json.loads((work_dir / "registry.json").read_text())["versions"]
    complete = versions_on_disk(work_dir / "serving" / "small")
    # Its Pusher had pushed it before it was killed; the same model is not pushed twice.
    assert [int(x["version"]) for x in registered] == list(complete)
    (last,) = [run for run in sorted(work_dir.glob("runs/*/result.json"))][-1:]
    assert json.loads(last.read_text())["version"] == registered[-1]["version"]


def test_what_a_killed_component_had_written_is_not_used(told):
    _, result = told
    runs = [x["ended"] for x in result["killed"]] + [result["ended"]]
    assert len(result["killed"]) == 19
    for number, killed in enumerate(result["killed"]):
        name = killed["component"]
        assert name not in killed["ended"], name
        later = [ended[name] for ended in runs[number + 1 :] if name in ended]
        # It was done anew by the next run that came so far, and once only.
        assert later[0] == "done", name
        assert set(later[1:]) <= {"cached"}, name
