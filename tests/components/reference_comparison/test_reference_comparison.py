"""ReferenceComparison on examples, a saved model and the reference models' scores."""

import dataclasses
import json
import pathlib

import numpy as np
import pytest
import ranking_samples
from tfx.types import standard_artifacts

from common.errors import BadDataError
from components.common.artifacts import ReferenceComparison, ReferenceMetrics
from components.reference_comparison.executor import Executor
from components.reference_models.eval_scores import EvalScores, write_eval_scores
from models.metrics.gauc import NO_USER
from models.metrics.paired import paired_differences

ROWS = 600
ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
GUESTS = ranking_samples.SCHEMA.replace(f'name: "uid" type: INT {ONE}', 'name: "uid" type: INT')
NO_USERS = ranking_samples.SCHEMA.replace(' tag: "user_id"', "")


def artifact(cls, folder: pathlib.Path, name: str):
    found = cls()
    found.uri = str(folder / name)
    return found


def scores_of(rows: dict[str, np.ndarray], chosen: np.ndarray, seed: int) -> EvalScores:
    """Scores that know half of what the candidate knows, by row id, in another order."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(chosen)
    logit = 0.5 * rows["x"][chosen] + random.normal(size=len(chosen))
    return EvalScores(rows["row__id"][chosen], {"logistic_regression": 1 / (1 + np.exp(-logit))})


def made_rows() -> dict[str, np.ndarray]:
    rows = ranking_samples.make_rows(ROWS)
    rows["row__id"] = 5 * 2**40 + np.random.default_rng(8).permutation(ROWS)
    return rows


def run(folder, rows, scores, *, max_rows=ROWS, schema=ranking_samples.SCHEMA):
    """Runs the executor with a candidate of score sigmoid(x - position of the output)."""
    split = folder / "examples" / "Split-eval"
    split.mkdir(parents=True)
    ranking_samples.write_examples(str(split / "data.gz"), rows)
    ranking_samples.save_model(str(folder / "model" / "Format-Serving"))
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.pbtxt").write_text(schema)
    write_eval_scores(str(folder / "references"), scores)
    kept = max(len(found.row_ids) for found in scores.values())
    record = {
        "rows": {"eval": {"rows": kept, "of": ROWS}},
        "outputs": {**{name: {} for name in scores}, "late": {"reason": "no positive"}},
    }
    (folder / "references" / "references.json").write_text(json.dumps(record))
    examples = artifact(standard_artifacts.Examples, folder, "examples")
    examples.split_names = '["eval"]'
    examples.set_int_custom_property("rows_eval", ROWS)
    out = artifact(ReferenceComparison, folder, "out")
    Executor().Do(
        {
            "examples": [examples],
            "model": [artifact(standard_artifacts.Model, folder, "model")],
            "references": [artifact(ReferenceMetrics, folder, "references")],
            "schema": [artifact(standard_artifacts.Schema, folder, "schema")],
        },
        {"comparison": [out]},
        {"max_rows": max_rows, "code_digest": "x"},
    )
    assert out.get_int_custom_property("rows") == kept
    return json.loads((folder / "out" / "comparison.json").read_text())


def wanted(rows, scores: EvalScores, output: str, users: np.ndarray):
    """The differences of the joined rows, joined by a dictionary of ids."""
    position = {int(row_id): at for at, row_id in enumerate(rows["row__id"])}
    at = [position[int(row_id)] for row_id in scores.row_ids]
    shift, target = {"click": (0, "is_click"), "buy_given_click": (1, "is_buy")}[output]
    candidate = 1 / (1 + np.exp(shift - rows["x"][at].astype(np.float64)))
    columns = (rows[target][at], candidate, scores.scores["logistic_regression"], rows["w"][at])
    return paired_differences(*columns, users[at])


@pytest.mark.e2e
class TestOnSavedModels:
    @pytest.mark.parametrize(
        ("every", "lists"), [(1, ""), (2, ""), (1, ranking_samples.LISTS)],
        ids=["whole", "thinned", "lists"],
    )  # fmt: skip
    def test_exactly_the_rows_that_the_references_scored(self, tmp_path, every, lists):
        rows = ranking_samples.with_lists(made_rows()) if lists else made_rows()
        kept = np.arange(0, ROWS, every)
        scores = {
            "click": scores_of(rows, kept, 1),
            "buy_given_click": scores_of(rows, kept[rows["is_click"][kept] == 1], 2),
        }
        schema = ranking_samples.SCHEMA + lists
        found = run(tmp_path, rows, scores, max_rows=ROWS // every, schema=schema)
        assert found["rows"] == {"rows": ROWS // every, "of": ROWS}
        assert found["outputs"].pop("late") == {"reason": "no positive"}
        for output, compared in found["outputs"].items():
            assert compared["rows"] == len(scores[output].row_ids)
            model = compared["models"]["logistic_regression"]
            for metric, numbers in model["difference"].items():
                expected = wanted(rows, scores[output], output, rows["uid"])[metric]
                assert numbers == pytest.approx(dataclasses.astuple(expected), abs=1e-6)
                assert expected.error > 0

    @pytest.mark.parametrize("schema", [GUESTS, NO_USERS], ids=["guests", "no users"])
    def test_rows_without_a_user_are_draws_of_their_own(self, tmp_path, schema):
        rows = made_rows()
        guest = np.arange(ROWS) % 3 == 0
        users = np.where(guest, NO_USER, rows["uid"])
        if schema == GUESTS:
            ids = zip(guest, rows["uid"], strict=True)
            rows["uid"] = np.array([None if g else int(user) for g, user in ids], object)
        else:
            users = np.full(ROWS, NO_USER)
        scores = {"click": scores_of(rows, np.arange(ROWS), 1)}
        found = run(tmp_path, rows, scores, schema=schema)
        expected = dataclasses.astuple(wanted(rows, scores["click"], "click", users)["auc"])
        model = found["outputs"]["click"]["models"]["logistic_regression"]
        assert model["difference"]["auc"] == pytest.approx(expected, abs=1e-6)

    def test_scores_of_other_rows_are_refused(self, tmp_path):
        rows = made_rows()
        scores = {"click": scores_of(rows, np.arange(ROWS), 1)}
        with pytest.raises(BadDataError, match="scored 600 rows, of which 300 .* not among"):
            run(tmp_path, rows, scores, max_rows=ROWS // 2)
        assert not (tmp_path / "out").exists()
