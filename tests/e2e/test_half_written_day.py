"""A day that is still being written: passed over, or refused for its few rows."""

import pyarrow.parquet as pq
import pytest
import yaml
from impression_log import DATES, SCHEMA, day_table

pytestmark = pytest.mark.e2e

CONFIG = {
    "data": {"path": "log", "schema_path": "schema.pbtxt"},
    "window": {
        "train_spans": 1,
        "eval_spans": 1,
        "ready": "_SUCCESS",
        "volume": {"otherwise": "refuse"},
    },
    "model": {"name": "shared_bottom"},
}


@pytest.fixture
def finished(tmp_path, empty_workspace):
    """A run over days of 40, 15 and 5 rows, the last of which has no marker yet."""
    workspace = empty_workspace(tmp_path)
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    workspace.config.write_text(yaml.safe_dump(CONFIG))
    for day, rows in enumerate((40, 15, 5)):
        folder = workspace.log / f"span={DATES[day]}"
        folder.mkdir(parents=True)
        pq.write_table(day_table(day, rows), folder / "part-0.parquet")
        if rows > 5:
            (folder / "_SUCCESS").touch()
    return workspace.run()


def test_a_run_passes_over_one_and_refuses_another(finished):
    assert finished.exit_code == 4, finished.stderr
    assert (
        "  passed over: span=2026-01-03 (without _SUCCESS, which window.ready wants)\n"
        in finished.stderr
    )
    document = finished.document
    assert document["window"] == {
        "train": ["2026-01-01"],
        "eval": ["2026-01-02"],
        "passed_over": [
            {"span": "span=2026-01-03", "reason": "without _SUCCESS, which window.ready wants"}
        ],
    }
    assert document["status"] == "bad data"
    assert document["reason"].startswith(
        "ImpressionExampleGen: too few rows, at least 50% of the days before are wanted "
        "(window.volume):\n  span=2026-01-02 has 15 rows, 37.5% of 40, the rows of the span before"
    )
    assert finished.outcomes["SpanWindow"] == "done"
    assert finished.outcomes["ImpressionExampleGen"] == "failed"
    assert not finished.outcomes.keys() & {"StatisticsGen", "Transform", "Trainer"}
