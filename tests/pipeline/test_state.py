"""What a run's fingerprint and the cache's tokens are made of."""

import os

import pytest

from common.errors import BadDataError
from pipeline.config_files import load_config
from pipeline.locations import Locations
from pipeline.log_state import look_at_log
from pipeline.presets import preset_path
from pipeline.state import local_state

DAYS = ("2026-01-01", "2026-01-02")


@pytest.fixture
def folder(tmp_path):
    for day in DAYS:
        (tmp_path / "log" / f"span={day}").mkdir(parents=True)
        (tmp_path / "log" / f"span={day}" / "part.parquet").write_bytes(b"1")
    return tmp_path / "log"


@pytest.fixture
def state(folder, tmp_path):
    def of(*overrides, **more):
        window = ("window.train_spans=1", "window.end=2026-01-02")
        path = str(folder)
        config = load_config(preset_path("synthetic"), (*window, *overrides), data_path=path)
        locations = Locations(str(tmp_path / "work"), "shop")
        return local_state(config, locations, "schema", look_at_log(config), **more)

    return of


@pytest.mark.parametrize(
    "where",
    ["resources={Trainer: {cpu: 2}}", "beam_pipeline_args=[--runner=FnApiRunner]",
     "metadata={mysql: {host: db, user: trainer}}", "baseline=optional"],
)  # fmt: skip
def test_where_a_run_works_is_not_in_it(state, where):
    assert state(where) == state()


@pytest.mark.parametrize("what", ["model.dropout=0.5", "gate.auc_at_least=0.6"])
def test_what_a_run_makes_is(state, what):
    assert state(what).fingerprint != state().fingerprint


@pytest.mark.parametrize(
    "name",
    ["_SUCCESS", ".DS_Store", "span=2026-01-02/_SUCCESS", "span=2026-01-02/.DS_Store",
     "span=2026-01-01/_temporary/part.parquet", "span=2026-01-01/notes.md",
     # Outside of the window.
     "span=2025-12-31/part.parquet", "span=2026-01-03/part.parquet"],
)  # fmt: skip
def test_files_that_no_run_reads_change_no_token(state, folder, name):
    before = state()
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"2")
    assert state() == before


def test_a_touched_file_changes_no_token_and_changed_content_does(state, folder):
    before = state()
    file = folder / "span=2026-01-01" / "part.parquet"
    status = file.stat()
    file.touch()
    assert file.stat().st_mtime_ns != status.st_mtime_ns
    assert state() == before
    file.write_bytes(b"2")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    assert file.stat().st_mtime_ns == status.st_mtime_ns
    after = state()
    assert (after.files != before.files, after.fingerprint != before.fingerprint) == (True, True)
    assert after.listing == before.listing


@pytest.mark.parametrize("name", ["part-1.parquet", "more.csv", "nested/part-1.parquet"])
def test_another_file_of_the_log_changes_the_token(state, folder, name):
    before = state()
    (folder / "span=2026-01-01" / name).parent.mkdir(exist_ok=True)
    (folder / "span=2026-01-01" / name).write_bytes(b"")
    assert state().files != before.files


def test_the_newest_span_changes_the_token_where_it_is_the_end(state, folder):
    before = state("window.end=latest")
    (folder / "span=2026-01-03").mkdir()
    (folder / "span=2026-01-03" / "part.parquet").write_bytes(b"1")
    # Half written: passed over until its marker is there.
    for day in DAYS:
        (folder / f"span={day}" / "_SUCCESS").touch()
    assert state("window.end=latest", "window.ready=_SUCCESS").listing == before.listing
    (folder / "span=2026-01-03" / "_SUCCESS").touch()
    assert state("window.end=latest", "window.ready=_SUCCESS").listing != before.listing


def test_a_window_s_span_without_a_file_is_named_before_anything_runs(state, folder):
    (folder / "span=2026-01-01" / "part.parquet").unlink()
    with pytest.raises(BadDataError, match=r"span=2026-01-01 holds no .* file; deliver the day"):
        state()


def test_the_canary_s_token_counts_the_refusals_of_the_same_fingerprint(state):
    refused = {state().fingerprint: 2}
    counts = {"refusals": lambda fingerprint: refused.get(fingerprint, 0)}
    assert state(**counts).canary == "2"
    assert state("model.dropout=0.5", **counts).canary == "0"
