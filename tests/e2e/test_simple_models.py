"""A candidate that has learned nothing, against simple models that have."""

import numpy as np
import pytest

from components.reference_models.eval_scores import read_eval_scores

pytestmark = pytest.mark.e2e

UNTRAINED = (
    *("--set", "window.end=2026-01-05", "--set", "references.enabled=true"),
    *("--set", "model={name: shared_bottom, embedding_dim: 4}"),
    *("--set", "training.max_epochs=1", "--set", "training.learning_rate=1e-7"),
    *("--set", "gate.auc_at_least=null", "--set", "gate.calibration_between=null"),
    *("--set", "gate.auc_drop_at_most=null"),
)


@pytest.fixture(scope="module")
def refused(workspace, third):
    """A run of an untrained model, which only simple models keep from being pushed."""
    assert third.exit_code == 0, third.stderr
    return workspace.run(*UNTRAINED, "--set", "gate.beats_references=refuse")


def worse(document):
    """(output, model) that the candidate was proved worse than."""
    outputs = document["gate"]["references"]["outputs"]
    return {
        (output, model)
        for output, found in outputs.items()
        for model, values in found.get("models", {}).items()
        if values["verdict"] == "worse"
    }


def test_it_is_refused_with_the_numbers_that_decided(refused):
    assert refused.exit_code == 3, refused.stderr
    document = refused.document
    assert ("click", "logistic_regression") in worse(document)
    assert not any(cell["refuses"] for cell in document["gate"]["cells"])
    rows = document["rows"]["eval"]
    reason = next(x for x in document["gate"]["reasons"] if x.startswith("click/*: worse than log"))
    assert f" on the {rows:,} rows that both scored" in reason
    assert reason in document["reason"]
    (note,) = (x["note"] for x in document["components"] if x["name"] == "PromotionGate")
    count = len(worse(document))
    assert note.startswith(f"refused: worse in {count} of ")
    assert note.endswith(" comparisons with simple models")
    assert f" refused: {reason[:20]}" in " ".join(refused.stderr.split())


def test_the_candidate_is_scored_as_by_the_evaluator(refused):
    """Two ways to one number: TFMA's over all eval rows, and the loader's by row id."""
    document = refused.document
    for output, found in document["references"]["outputs"].items():
        if "compared" not in found:
            continue
        measured, compared = document["metrics"][output]["*"], found["compared"]
        assert compared["rows"] == compared["of"] == measured["positives"] + measured["negatives"]
        for metric in ("auc", "logloss"):
            assert compared["candidate"][metric] == pytest.approx(measured[metric], abs=1e-6)
        for name in ("user_rate", "user_item_rate", "logistic_regression"):
            model = found[name]
            gain = compared["candidate"]["auc"] - model["auc"]
            assert model["gain"]["auc"] == pytest.approx(gain, abs=1e-9)
            low, high = model["intervals"]["auc"]
            assert low < gain < high


def test_the_scores_are_kept_by_ids_of_the_log(workspace, refused):
    import pyarrow.parquet as pq

    from pipeline.run_record import RunRecord

    record = RunRecord(workspace.metadata)
    (models,) = (x for x in record.components(record.run_ids()[-1]) if x.name == "ReferenceModels")
    kept = read_eval_scores(models.outputs["references"].uri)
    span = workspace.log / "span=2026-01-05"
    rows = sum(pq.read_metadata(part).num_rows for part in span.glob("*.parquet"))
    # 2026-01-05 is day 739621, and all of its rows are eval.
    assert np.sort(kept["click"].row_ids).tolist() == [739_621 * 2**40 + at for at in range(rows)]
    conditional = kept["conversion_given_click"].row_ids
    assert 0 < len(conditional) < rows and set(conditional) < set(kept["click"].row_ids)


def test_a_warning_refuses_nothing_and_is_on_the_terminal(workspace, refused):
    # Another limit refuses it, so that the other tests' versions stay the newest.
    warned = workspace.run(*UNTRAINED, "--set", "gate.overrides={click/*: {auc_at_least: 0.999}}")
    assert warned.exit_code == 3
    document = warned.document
    assert document["gate"]["references"]["mode"] == "warn"
    assert worse(document) == worse(refused.document)
    assert [reason.split(":")[0] for reason in document["gate"]["reasons"]] == ["click/*"]
    assert "worse than" not in document["reason"]
    text = " ".join(warned.stderr.split())
    assert " warning: click/*: worse than logistic regression: AUC 0." in text
    outcomes = [warned.outcomes[name] for name in ("ReferenceModels", "ReferenceComparison")]
    assert outcomes == ["cached", "cached"]


@pytest.mark.slow
def test_off_compares_nothing_and_keeps_the_simple_models_numbers(workspace, refused):
    off = workspace.run(
        *UNTRAINED,
        *("--set", "gate.beats_references=off"),
        *("--set", "gate.overrides={click/*: {auc_at_least: 0.999}}"),
    )
    assert "ReferenceComparison" not in off.outcomes
    assert off.document["gate"]["references"]["reason"] == "gate.beats_references is off"
    found = off.document["references"]["outputs"]["click"]
    assert "compared" not in found and found["logistic_regression"]["auc"] > 0.5
    assert "worse than" not in off.stderr
