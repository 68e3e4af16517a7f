"""A feature made from the label stops the run before anything learns from it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.e2e

ODD = "my wörk 日志 %20 #1 'q' & $x ~ {y} -a;b"
"""Part of the path of the log and of the work folder, which may have any such name."""
DWELL = """
feature {
  name: "dwell_seconds"
  type: FLOAT
  presence { min_fraction: 1 }
  shape { dim { size: 1 } }
  annotation { tag: "context" tag: "numeric" }
}
"""


def test_a_run_on_a_log_with_a_leak_ends_as_bad_data(workspace, tmp_path):
    for path in sorted(workspace.log.glob("*/*.parquet")):
        table = pq.read_table(path)
        clicks = table["click"].to_numpy()
        dwell = pa.array(clicks * (5.0 + table["dense_x"].to_numpy()))
        place = tmp_path / ODD / "log [1]*" / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.append_column("dwell_seconds", dwell), place / path.name)
    schema = tmp_path / "schema.pbtxt"
    schema.write_text(workspace.schema.read_text() + DWELL)
    run = workspace.run(
        *("--work-dir", str(tmp_path / ODD / "work")),
        *("--data", str(tmp_path / ODD / "log [1]*")),
        *("--schema", str(schema)),
    )
    assert run.exit_code == 4, run.stderr
    assert run.document["status"] == "bad data"
    reason = run.document["reason"]
    assert reason.startswith("LeakAlarm: 1 feature alone ranks a label too well")
    assert "feature 'dwell_seconds': AUC 1.0000 for click" in reason
    assert run.outcomes["LeakAlarm"] == "failed"
    assert "Pusher" not in run.stderr
    assert not {"Transform", "Trainer"} & run.outcomes.keys()
