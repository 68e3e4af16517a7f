"""What a run's fingerprint is made of."""

import pytest

from pipeline.config_files import load_config
from pipeline.locations import Locations
from pipeline.presets import preset_path
from pipeline.state import local_state


@pytest.fixture
def fingerprint(tmp_path):
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / "log" / f"span={day}").mkdir(parents=True)
        (tmp_path / "log" / f"span={day}" / "part.parquet").write_bytes(b"1")

    def of(*overrides):
        window = ("window.train_spans=1", "window.end=2026-01-02")
        path = str(tmp_path / "log")
        config = load_config(preset_path("synthetic"), (*window, *overrides), data_path=path)
        return local_state(config, Locations(str(tmp_path / "work"), "shop"), "schema").fingerprint

    return of


@pytest.mark.parametrize(
    "where",
    ["resources={Trainer: {cpu: 2}}", "beam_pipeline_args=[--runner=FnApiRunner]",
     "metadata={mysql: {host: db, user: trainer}}"],
)  # fmt: skip
def test_where_a_run_works_is_not_in_it(fingerprint, where):
    assert fingerprint(where) == fingerprint()


@pytest.mark.parametrize("what", ["model.dropout=0.5", "gate.auc_at_least=0.6"])
def test_what_a_run_makes_is(fingerprint, what):
    assert fingerprint(what) != fingerprint()
