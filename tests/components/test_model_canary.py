import json

import numpy as np
import pytest
import ranking_samples
from tfx.types import standard_artifacts

from components.model_canary.compare import compare
from components.model_canary.config import CanaryConfig
from components.model_canary.executor import Executor
from models.canary_record import write_canary


class TestCompare:
    expected = {"click": np.array([0.1, 0.2, 0.3], np.float32)}

    def test_equal_scores_agree(self):
        found = compare("predict", self.expected, self.expected, 1e-6)
        assert (found.largest_difference, found.problems) == (0.0, ())

    def test_the_largest_difference_and_its_row_are_named(self):
        served = {"click": np.array([0.1, 0.25, 0.31])}
        found = compare("predict", self.expected, served, 1e-3)
        assert found.largest_difference == pytest.approx(0.05, abs=1e-7)
        assert found.problems == (
            "predict: click of row 1 is 0.25, the trainer's score is 0.2; they may differ by "
            "0.001.",
        )

    def test_a_difference_within_the_tolerance_is_reported_but_no_problem(self):
        served = {"click": np.array([0.1, 0.2, 0.3005])}
        found = compare("predict", self.expected, served, 1e-3)
        assert found.largest_difference == pytest.approx(5e-4, rel=1e-4)
        assert found.problems == ()

    def test_scores_that_are_not_finite_are_a_problem_on_either_side(self):
        served = {"click": np.array([0.1, np.nan, np.inf])}
        problems = compare("predict", self.expected, served, 1e-3).problems
        assert problems == ("predict: 2 scores of click are NaN or infinite.",)
        assert compare("predict", served, self.expected, 1e-3).problems

    def test_missing_and_unknown_outputs_are_problems(self):
        problems = compare("predict", self.expected, {"clik": np.zeros(3)}, 1.0).problems
        assert problems == (
            "predict does not return click.",
            "predict returns, unknown to the trainer, clik.",
        )

    def test_another_shape_is_a_problem(self):
        problems = compare("predict", self.expected, {"click": np.zeros((3, 1))}, 1.0).problems
        assert problems == ("predict: click has shape [3, 1], not [3].",)


def test_the_tolerance_follows_the_precision():
    config = CanaryConfig()
    assert config.tolerance("float32") == 1e-6
    assert config.tolerance("mixed_bfloat16") == 1e-3


@pytest.fixture
def canary(tmp_path):
    """Runs the executor; returns the infra blessing and canary.json."""

    def run(blessed: int = 1, trainer_slope: float = 1.0, **model):
        rows = ranking_samples.make_rows(7)
        folder = tmp_path / "model" / "Format-Serving"
        ranking_samples.save_model(str(folder), **model)
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(ranking_samples.SCHEMA)
        scores = {
            name: (1 / (1 + np.exp(i - trainer_slope * rows["x"]))).astype(np.float32)
            for i, name in enumerate(ranking_samples.OUTPUTS)
        }
        examples = ranking_samples.serialize(rows)
        write_canary(str(tmp_path / "model_run" / "canary"), examples, scores, "float32")

        def artifact(cls, name):
            found = cls()
            found.uri = str(tmp_path / name)
            return found

        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("blessed", blessed)
        infra = artifact(standard_artifacts.InfraBlessing, "infra")
        Executor().Do(
            {
                "model": [artifact(standard_artifacts.Model, "model")],
                "model_run": [artifact(standard_artifacts.ModelRun, "model_run")],
                "blessing": [blessing],
                "schema": [artifact(standard_artifacts.Schema, "schema")],
            },
            {"infra_blessing": [infra]},
            {"canary": CanaryConfig(batch_rows=4).model_dump_json(), "code_digest": "x"},
        )
        return infra, json.loads((tmp_path / "infra" / "canary.json").read_text())

    return run


def test_a_refused_model_is_not_served(canary, tmp_path, monkeypatch):
    monkeypatch.setattr("serving.process.ServerProcess.start", lambda _: pytest.fail("started"))
    infra, found = canary(blessed=0)
    assert infra.get_int_custom_property("blessed") == 0
    assert found == {"blessed": False, "reasons": ["PromotionGate did not bless the model."]}
    assert (tmp_path / "infra" / "INFRA_NOT_BLESSED").exists()


@pytest.mark.e2e
def test_a_server_gives_the_trainers_scores(canary, tmp_path):
    infra, found = canary()
    assert found["reasons"] == []
    assert infra.get_int_custom_property("blessed") == 1
    assert (tmp_path / "infra" / "INFRA_BLESSED").exists()
    assert found["rows"] == 7
    for signature in ("serving_default", "predict"):
        assert found[signature]["requests"] == 2
        assert found[signature]["largest_difference"] <= 1e-6
        assert 0 < found[signature]["milliseconds_median"] <= found[signature]["milliseconds_max"]


@pytest.mark.e2e
def test_other_scores_than_the_trainers_are_refused(canary, tmp_path):
    infra, found = canary(trainer_slope=1.01)
    assert infra.get_int_custom_property("blessed") == 0
    assert "the trainer's score is" in found["reasons"][0]
    assert (tmp_path / "infra" / "INFRA_NOT_BLESSED").exists()
    assert not (tmp_path / "infra" / "INFRA_BLESSED").exists()


@pytest.mark.e2e
def test_scores_that_are_not_finite_are_refused(canary):
    _, found = canary(nan_above=-10.0)
    assert "NaN or infinite" in found["reasons"][0]
