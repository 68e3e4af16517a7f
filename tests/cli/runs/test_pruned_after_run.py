"""What a run says of pruning when it has ended."""

from made_entries import made_version
from ports import free_ports

from cli.runs.pruned_after_run import pruned_after_run
from pipeline.config_files import load_config
from pipeline.locations import Locations
from pipeline.presets import preset_path


def said(work, *overrides):
    return pruned_after_run(
        load_config(preset_path("synthetic"), overrides), Locations(str(work), "shop")
    )


def test_nothing_is_removed_unless_the_configuration_says_so(tmp_path):
    for version in ("100", "200", "300"):
        made_version(tmp_path, version)
    assert said(tmp_path) is None
    assert len(list((tmp_path / "serving" / "shop").iterdir())) == 3


def test_what_was_pruned_is_said_once(tmp_path):
    for version in ("100", "200", "300"):
        made_version(tmp_path, version)
    line = said(tmp_path, "retention.keep_versions=2")
    assert line is not None and line.startswith("pruned: 0 runs, 1 versions, ")
    assert said(tmp_path, "retention.keep_versions=2") is None


def test_a_run_that_has_ended_well_stays_so(tmp_path):
    (tmp_path / "registry.json").write_text("{")
    line = said(tmp_path, "retention.keep_versions=2")
    assert line is not None and line.startswith(f"not pruned: registry {tmp_path}/registry.json is")


def test_a_database_that_is_gone_by_the_end_of_a_run(tmp_path, monkeypatch):
    (port,) = free_ports(1)
    monkeypatch.setenv("SHOP_PASSWORD", "secret")
    mysql = f"{{host: 127.0.0.1, port: {port}, user: trainer, password_env: SHOP_PASSWORD}}"
    line = said(tmp_path, "retention.keep_runs=2", f"metadata.mysql={mysql}")
    where = f"metadata.mysql: database 'polyrank' at 127.0.0.1:{port} can't be opened"
    assert line is not None and line.startswith(f"not pruned: {where}")
