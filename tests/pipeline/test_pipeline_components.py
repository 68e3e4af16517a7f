"""Which components a pipeline has, and who waits for whom."""

import pytest

from common.settings import SettingsError
from components.model_registry.places import OutsideError
from pipeline.config_files import load_config
from pipeline.kubeflow.spec import kubeflow_pipeline
from pipeline.local import local_pipeline
from pipeline.presets import preset_path


def components(preset, *overrides):
    config = load_config(preset_path(preset), overrides, data_path="gs://bucket/log")
    return {node.id: node for node in kubeflow_pipeline(config, "gs://bucket/work").components}


def upstream(node):
    return {other.id for other in node.upstream_nodes}


def test_nothing_learns_before_the_log_is_looked_at():
    found = components("kuairand")
    assert {"DataGate", "LeakAlarm"} <= upstream(found["Transform"])
    assert "DataGate" in upstream(found["LeakAlarm"])


def test_only_a_log_with_known_truth_is_held_against_it():
    found = components("synthetic")
    assert {"Trainer", "ImpressionExampleGen"} <= upstream(found["BayesCheck"])
    assert "BayesCheck" in upstream(found["PromotionGate"])
    assert "BayesCheck" not in components("kuairand")


def test_an_exempt_feature_that_does_not_exist_is_told_before_the_run():
    with pytest.raises(SettingsError, match="leaks.exempt: unknown feature 'houre'; did you mean"):
        components("synthetic", "leaks.exempt=[houre]")


def test_the_gate_waits_for_the_comparison_with_simple_models():
    found = components("kuairand")
    assert {"ReferenceModels", "Trainer", "ImpressionExampleGen"} <= upstream(
        found["ReferenceComparison"]
    )
    assert "ReferenceComparison" in upstream(found["PromotionGate"])
    assert "Trainer" not in upstream(found["ReferenceModels"])


@pytest.mark.parametrize(
    ("override", "stays"),
    [("references.enabled=false", False), ("gate.beats_references=off", True)],
)
def test_where_nothing_is_compared_the_gate_waits_for_no_simple_model(override, stays):
    found = components("kuairand", override)
    assert "ReferenceComparison" not in found
    assert ("ReferenceModels" in found) == stays
    assert not upstream(found["PromotionGate"]) & {"ReferenceModels", "ReferenceComparison"}


def test_versions_that_lead_outside_are_refused_before_anything_runs(tmp_path):
    (tmp_path / "production").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    (work / "serving").symlink_to(tmp_path / "production")
    config = load_config(preset_path("synthetic"), data_path=str(tmp_path))
    with pytest.raises(OutsideError, match="what is made live here would be made live there"):
        local_pipeline(config, work)
    assert [x.name for x in work.iterdir()] == ["serving"]
