"""A run's progress, by the local runner and a component that takes its time."""

import io
import logging
import pathlib
import re
import time

import pytest
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.runs.display import RunDisplay
from pipeline.run_record import RunRecord

SAID = "epoch 2 of 4"


@component
def Slow(  # noqa: N802 - a component's name
    end: Parameter[str], pushed_model: OutputArtifact[standard_artifacts.PushedModel]
):
    logging.getLogger("polyrank.progress").info(SAID)
    for _ in range(1200):  # A minute at most, for the lines that it waits for.
        if pathlib.Path(end).exists():
            break
        time.sleep(0.05)
    pushed_model.set_int_custom_property("pushed", 0)


class Terminal(io.StringIO):
    """Ends the component when it has been named twice."""

    def __init__(self, end: pathlib.Path):
        super().__init__()
        self.end = end

    def write(self, text):
        written = super().write(text)
        if self.getvalue().count(SAID) >= 2:
            self.end.touch()
        return written


@pytest.mark.e2e
def test_a_slow_component_is_named_at_intervals_and_one_that_did_nothing_is_skipped(tmp_path):
    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    pusher = Slow(end=str(tmp_path / "end")).with_id("Pusher")
    pipeline = Pipeline(
        pipeline_name="slow",
        pipeline_root=str(tmp_path / "artifacts"),
        components=[pusher],
        enable_cache=True,
        metadata_connection_config=connection,
    )
    printed = []
    for _ in range(2):
        stream = Terminal(tmp_path / "end")
        with (
            Progress(console_on(stream), seconds=0.25) as progress,
            RunDisplay(progress, RunRecord(connection)),
        ):
            LocalDagRunner().run(pipeline)
        printed.append(stream.getvalue().splitlines())
    waiting = [line for line in printed[0] if line.startswith("  Pusher …")]
    assert sum(SAID in line for line in waiting) >= 2
    assert all(re.fullmatch(r"  Pusher … \d+ s(  epoch 2 of 4)?", line) for line in waiting)
    assert waiting[-1].endswith(SAID)
    # The second time it is taken from the cache, and has pushed as little.
    for lines in printed:
        assert re.fullmatch(r"  Pusher                skipped +\d+\.\d s +not pushed", lines[-1])
        assert not any("done" in line for line in lines)
