"""What a comparison writes and says once its trials have ended."""

import io
import pathlib

from made_trials import result

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.compare.conclusion import conclude
from cli.compare.plan import make_comparison
from cli.compare.workers import Job, Outcome
from pipeline.config_files import load_config
from pipeline.presets import preset_path


def test_the_tables_are_written_while_progress_speaks(tmp_path):
    comparison = make_comparison(
        load_config(preset_path("synthetic")), ["shared_bottom", "mmoe"], [], 1
    )
    outcomes = [
        Outcome(Job(name, 0, tmp_path, name, {}), result(name, 0, 0.6, 0.7), 1.0)
        for name in ("shared_bottom", "mmoe")
    ]
    failed = Outcome(Job("mmoe", 1, tmp_path, "mmoe-1", {}), None, 1.0, "it broke")
    rows = {"train": 7, "validation": 2, "eval": 3}
    stream = io.StringIO()
    with Progress(console_on(stream), seconds=600) as progress:
        ended = conclude(comparison, rows, [*outcomes, failed], tmp_path, progress)
    assert ended.exit_code == 1
    assert ended.document["rows"] == rows
    assert all(pathlib.Path(path).stat().st_size for path in ended.document["files"].values())
    lines = stream.getvalue().splitlines()
    assert lines[-2] == "one seed: no intervals and no tests; differences may be chance"
    assert lines[-1] == f"failed: 1 of 3 trials; the rest: {tmp_path}/comparison.md"
