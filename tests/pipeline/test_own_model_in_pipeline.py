"""What the cache and a run's fingerprint see of an architecture of the user's own."""

import pathlib
import sys

import pytest

from common.source_digest import code_digest
from models import own_architecture
from pipeline.config_files import load_config
from pipeline.kubeflow.spec import kubeflow_pipeline
from pipeline.locations import Locations
from pipeline.log_state import look_at_log
from pipeline.presets import preset_path
from pipeline.state import local_state

OWN = "own_of_pipeline:Shop"
SOURCE = "from models.zoo.multi_task.mmoe import MMoE\n\n\nclass Shop(MMoE):\n    pass\n"


@pytest.fixture(autouse=True)
def source(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    file = tmp_path / "own_of_pipeline.py"
    file.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(own_architecture, "_LOADED", {})
    monkeypatch.delitem(sys.modules, "own_of_pipeline", raising=False)
    return file


@pytest.fixture
def edit(source: pathlib.Path, monkeypatch: pytest.MonkeyPatch):
    """Changes the file, as before a process that starts."""

    def edited() -> None:
        source.write_text(SOURCE + "# edited\n")
        monkeypatch.setattr(own_architecture, "_LOADED", {})

    return edited


def digests(name: str) -> dict[str, str]:
    """Component -> the digest of source in its cache key."""
    config = load_config(
        preset_path("synthetic"), [f"model={{name: '{name}'}}"], data_path="gs://bucket/log"
    )
    found = {}
    for node in kubeflow_pipeline(config, "gs://bucket/work").components:
        if "code_digest" in node.exec_properties:
            found[node.id] = node.exec_properties["code_digest"]
        if node.id == "Trainer":
            found[node.id] = node.exec_properties["custom_config"]
    return found


def test_an_edit_makes_the_model_stale_and_leaves_the_data(edit) -> None:
    before = digests(OWN)
    edit()
    after = digests(OWN)
    assert {name for name in before if before[name] != after[name]} == {"ModelSettings", "Trainer"}
    others = {name: x for name, x in after.items() if name not in ("ModelSettings", "Trainer")}
    assert len(others) > 5 and set(others.values()) == {code_digest()}


def test_shipped_models_have_the_digest_of_our_source(edit) -> None:
    before = digests("mmoe")
    edit()
    assert digests("mmoe") == before
    assert before["ModelSettings"] == code_digest() and code_digest() in before["Trainer"]


def test_a_run_s_fingerprint_changes_with_its_source(tmp_path: pathlib.Path, edit) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / "log" / f"span={day}").mkdir(parents=True)
        (tmp_path / "log" / f"span={day}" / "part.parquet").write_bytes(b"1")

    def fingerprint(name: str) -> str:
        changes = [f"model={{name: '{name}'}}", "window={end: latest, train_spans: 1}"]
        config = load_config(preset_path("synthetic"), changes, data_path=str(tmp_path / "log"))
        locations = Locations(str(tmp_path / "work"), "shop")
        return local_state(config, locations, "schema", look_at_log(config)).fingerprint

    own, shipped = fingerprint(OWN), fingerprint("mmoe")
    edit()
    assert fingerprint(OWN) != own and fingerprint("mmoe") == shipped
