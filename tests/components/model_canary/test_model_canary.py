import json

import numpy as np
import pytest
import ranking_samples
from tfx.types import standard_artifacts

from components.model_canary.compare import compare
from components.model_canary.config import CanaryConfig
from components.model_canary.executor import Executor
from components.model_canary.signatures import signature_problems
from models.export.validation_sample import write_canary
from schemas.contract import parse_schema, read_contract
from serving.signatures import SignatureSpec, TensorSpec


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


def vectors(**dtypes):
    return {name: TensorSpec(dtype, (None,), f"{name}:0") for name, dtype in dtypes.items()}


class TestSignatures:
    outputs = vectors(click="float32", buy_given_click="float32", click_and_buy="float32")
    columns = vectors(x="float32", place="string", uid="int64")
    examples = SignatureSpec(vectors(examples="string"), outputs)

    def problems(self, inputs, outputs):
        served = {"serving_default": self.examples, "predict": SignatureSpec(inputs, outputs)}
        found = signature_problems(ranking_samples.contract(), served)
        assert found["serving_default"] == []
        return found["predict"]

    def test_the_contracts_own_are_as_wanted(self):
        assert self.problems(self.columns, self.outputs) == []

    def test_a_signature_that_is_missing(self):
        found = signature_problems(
            ranking_samples.contract(), {"predict": SignatureSpec(self.columns, self.outputs)}
        )
        missing = ["The model has no signature serving_default."]
        assert found == {"serving_default": missing, "predict": []}

    def test_another_name_of_an_output_and_an_unknown_input(self):
        outputs = {"clik" if name == "click" else name: x for name, x in self.outputs.items()}
        assert self.problems({**self.columns, **vectors(age="float32")}, outputs) == [
            "predict: the input age is not in the contract.",
            "predict: the output click is missing; the contract wants float32 [?].",
            "predict: the output clik is not in the contract.",
        ]

    def test_another_dtype_or_shape(self):
        wrong = {
            "x": TensorSpec("float64", (None,), "x:0"),
            "uid": TensorSpec("int64", (128,), "uid:0"),
            "place": TensorSpec("string", (None, 1), "place:0"),
        }
        assert self.problems(wrong, self.outputs) == [
            "predict: the input uid is int64 [128]; the contract wants int64 [?].",
            "predict: the input place is string [?, 1]; the contract wants string [?].",
            "predict: the input x is float64 [?]; the contract wants float32 [?].",
        ]

    def test_lists_are_wanted_padded_with_their_lengths(self):
        schema = (
            ranking_samples.SCHEMA
            + """
            feature { name: "seen item" type: INT value_count { min: 0 }
              annotation { tag: "sequence:length=50,group=history" } }
            feature { name: "gap" type: FLOAT value_count { min: 0 }
              annotation { tag: "sequence:length=50,group=history,buckets=9" } }
            feature { name: "image" type: FLOAT value_count { min: 8 max: 8 }
              annotation { tag: "vector:dim=8" } }"""
        )
        contract = read_contract(parse_schema(schema))
        lists = {
            "seen_x20_item": TensorSpec("int64", (None, 50), "seen:0"),
            "gap": TensorSpec("float32", (None, 50), "gap:0"),
            "image": TensorSpec("float32", (None, 8), "image:0"),
            **vectors(history__length="int64"),
        }

        def problems(**changed):
            inputs = {**self.columns, **lists, **changed}
            served = SignatureSpec({k: v for k, v in inputs.items() if v}, self.outputs)
            return signature_problems(
                contract, {"serving_default": self.examples, "predict": served}
            )["predict"]

        assert problems() == []
        assert problems(history__length=None, gap=TensorSpec("float32", (None, 49), "gap:0")) == [
            "predict: the input history__length is missing; the contract wants int64 [?].",
            "predict: the input gap is float32 [?, 49]; the contract wants float32 [?, 50].",
        ]
        assert problems(image=TensorSpec("float32", (None,), "image:0")) == [
            "predict: the input image is float32 [?]; the contract wants float32 [?, 8]."
        ]


@pytest.fixture
def canary(tmp_path):
    """Runs the executor on a candidate and a live version; returns infra blessing, canary.json."""

    def run(blessed=1, trainer_slope=1.0, live=None, config=None, **model):
        rows = ranking_samples.make_rows(7)
        ranking_samples.save_model(str(tmp_path / "model" / "Format-Serving"), **model)
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
        baseline = artifact(standard_artifacts.Model, "baseline")
        baseline.set_int_custom_property("exists", int(live is not None))
        if live is None:
            baseline.set_string_custom_property("reason", "no version has been pushed yet")
        else:
            baseline.set_string_custom_property("version", "17")
            ranking_samples.save_model(str(tmp_path / "baseline" / "Format-Serving"), **live)
        infra = artifact(standard_artifacts.InfraBlessing, "infra")
        settings = CanaryConfig(batch_rows=4, latency_requests=15, **(config or {}))
        Executor().Do(
            {
                "model": [artifact(standard_artifacts.Model, "model")],
                "model_run": [artifact(standard_artifacts.ModelRun, "model_run")],
                "blessing": [blessing],
                "baseline_model": [baseline],
                "schema": [artifact(standard_artifacts.Schema, "schema")],
            },
            {"infra_blessing": [infra]},
            {"canary": settings.model_dump_json(), "state_token": "0", "code_digest": "x"},
        )
        return infra, json.loads((tmp_path / "infra" / "canary.json").read_text())

    return run


@pytest.fixture
def no_server(monkeypatch):
    monkeypatch.setattr("serving.process.ServerProcess.start", lambda _: pytest.fail("started"))


def test_a_refused_model_is_not_served(canary, no_server, tmp_path):
    infra, found = canary(blessed=0)
    assert infra.get_int_custom_property("blessed") == 0
    assert infra.get_int_custom_property("examined") == 0
    assert found == {"blessed": False, "reasons": ["PromotionGate did not bless the model."]}
    assert (tmp_path / "infra" / "INFRA_NOT_BLESSED").exists()


def test_a_model_that_is_too_large_is_not_served(canary, no_server, tmp_path):
    infra, found = canary(ballast=1_000_000, config={"bytes_at_most": 4_000_000})
    folder = tmp_path / "model" / "Format-Serving"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert found["bytes"] == size > 4_000_000
    assert found["reasons"] == [
        f"The SavedModel takes {size:,} bytes; canary.bytes_at_most is 4,000,000."
    ]
    assert infra.get_int_custom_property("blessed") == 0
    assert infra.get_int_custom_property("examined") == 1
    assert infra.get_string_custom_property("note") == "refused"


@pytest.mark.e2e
def test_a_server_gives_the_trainers_scores_as_fast_as_the_live_version(canary, tmp_path):
    infra, found = canary(live={})
    assert found["reasons"] == []
    assert infra.get_int_custom_property("blessed") == 1
    assert (tmp_path / "infra" / "INFRA_BLESSED").exists()
    assert found["rows"] == 7
    for signature in ("serving_default", "predict"):
        assert found[signature]["largest_difference"] <= 1e-6
    latency = found["latency"]
    assert (latency["requests"], latency["rows"], latency["live"]["version"]) == (15, 4, "17")
    assert latency["rounds"] == 8 and latency["warnings"] == []
    for model in ("candidate", "live"):
        assert 0 < latency[model]["milliseconds_p50"] <= latency[model]["milliseconds_p99"]
    low, high = latency["ratio_interval"]
    assert low <= latency["ratio"] <= high
    assert "the live version's" in infra.get_string_custom_property("note")


@pytest.mark.e2e
def test_other_scores_than_the_trainers_are_refused(canary, tmp_path):
    infra, found = canary(trainer_slope=1.01, live={"more_inputs": ("retired",)})
    assert infra.get_int_custom_property("blessed") == 0
    assert "the trainer's score is" in found["reasons"][0]
    assert (tmp_path / "infra" / "INFRA_NOT_BLESSED").exists()
    assert not (tmp_path / "infra" / "INFRA_BLESSED").exists()
    # A live version of another contract is told, and does not count against the candidate.
    assert found["latency"]["live"] == {
        "version": "17",
        "not_timed": "it wants retired, which no request has any more",
    }
    assert "ratio" not in found["latency"]


@pytest.mark.e2e
def test_scores_that_are_not_finite_are_refused(canary):
    _, found = canary(nan_above=-10.0, live={"most_rows": 1})
    assert "NaN or infinite" in found["reasons"][0]
    # A live version that fails under the load is told, and is not the candidate's fault.
    assert len(found["reasons"]) == len(ranking_samples.OUTPUTS) * 2
    assert "not_timed" in found["latency"]["live"]
    assert found["latency"]["candidate"]["milliseconds_p50"] > 0


@pytest.mark.e2e
def test_a_renamed_output_is_refused(canary):
    _, found = canary(outputs=("clik", *ranking_samples.OUTPUTS[1:]))
    assert found["reasons"][0] == (
        "serving_default: the output click is missing; the contract wants float32 [?]."
    )
    # What is not as wanted is not asked.
    assert not {"serving_default", "predict", "latency"} & found.keys()


@pytest.mark.e2e
def test_a_slow_model_is_refused(canary):
    # The same scores, after 30 products of 512 x 512 matrices.
    _, found = canary(live={}, products=30, config={"latency_ms_at_most": 0.01})
    latency = found["latency"]
    slow, slower = found["reasons"]
    assert slow.startswith("The 99th percentile is ")
    assert slow.endswith(
        "; median of 8 rounds of 15 requests of 4 rows); canary.latency_ms_at_most is 0.01."
    )
    assert slower.startswith(f"Requests take {latency['ratio']:.2f} times the live version's (")
    assert slower.endswith("; canary.latency_ratio_at_most is 2.0.")
    # All of 8 rounds are above the limit: the lower end of the interval is the least of them.
    assert latency["rounds"] == 8 and latency["ratio_interval"][0] > 2
    assert found["predict"]["largest_difference"] <= 1e-6
