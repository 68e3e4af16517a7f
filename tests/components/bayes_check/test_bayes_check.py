import json

import numpy as np
import pytest
import ranking_samples
from sklearn.metrics import roc_auc_score
from tfx.types import standard_artifacts

from common.errors import BadDataError
from components.bayes_check.executor import Executor
from components.bayes_check.judge import compare
from components.common.artifacts import BayesReport
from components.leak_alarm.config import LeaksConfig

TRUTHS = {"p_click": "click", "p_buy": "buy_given_click"}
SCHEMA = ranking_samples.SCHEMA + "".join(
    f'feature {{ name: "{column}" type: FLOAT presence {{ min_fraction: 1 }} '
    f'shape {{ dim {{ size: 1 }} }} annotation {{ tag: "truth:{output}" }} }}\n'
    for column, output in TRUTHS.items()
)
ROWS = 3000


def rows_of(seen: float, noise: float) -> dict[str, np.ndarray]:
    """Rows with their true probabilities; the model's x has `seen` of the click and noise in it."""
    rows = ranking_samples.make_rows(ROWS)
    x = rows["x"].astype(np.float64)
    rows["p_click"] = (1 / (1 + np.exp(-x))).astype(np.float32)
    rows["p_buy"] = (1 / (1 + np.exp(1 - x))).astype(np.float32)
    more = seen * rows["is_click"] + noise * np.random.default_rng(1).normal(size=ROWS)
    rows["x"] = (x + more).astype(np.float32)
    return rows


@pytest.fixture
def check(tmp_path):
    """Runs the executor on the eval rows with a model of score sigmoid(x); returns bayes.json."""

    def run(rows, lists="", **config):
        folder = tmp_path / "examples" / "Split-eval"
        folder.mkdir(parents=True)
        ranking_samples.write_examples(str(folder / "data.gz"), rows)
        ranking_samples.save_model(str(tmp_path / "model" / "Format-Serving"))
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA + lists)

        def artifact(cls, name):
            found = cls()
            found.uri = str(tmp_path / name)
            return found

        examples = artifact(standard_artifacts.Examples, "examples")
        examples.split_names = '["eval"]'
        examples.set_int_custom_property("rows_eval", len(rows["x"]))
        Executor().Do(
            {
                "examples": [examples],
                "model": [artifact(standard_artifacts.Model, "model")],
                "schema": [artifact(standard_artifacts.Schema, "schema")],
            },
            {"report": [artifact(BayesReport, "report")]},
            {"leaks": LeaksConfig(**config).model_dump_json(), "code_digest": "x"},
        )
        return json.loads((tmp_path / "report" / "bayes.json").read_text())

    return run


@pytest.mark.e2e
@pytest.mark.parametrize("lists", ["", ranking_samples.LISTS], ids=["values", "lists"])
def test_an_honest_model_is_below_the_truth_in_every_cell(check, lists):
    rows = rows_of(seen=0, noise=1)
    rows = ranking_samples.with_lists(rows) if lists else rows
    found = check(rows, lists)
    assert found["rows"] == ROWS
    cells = {(cell["output"], cell["scenario"]): cell for cell in found["cells"]}
    # 'cart' never occurs, and click_and_buy has no truth in this contract.
    slices = ("*", "home", "all")
    assert cells.keys() == {(output, name) for output in TRUTHS.values() for name in slices}
    home, clicked = rows["place"] == b"home", rows["is_click"] == 1
    for key, target, truth, inside in (
        (("click", "home"), "is_click", "p_click", home),
        (("buy_given_click", "*"), "is_buy", "p_buy", clicked),
    ):
        for name, score in (("auc", rows["x"]), ("bayes_auc", rows[truth])):
            expected = roc_auc_score(
                rows[target][inside], score[inside], sample_weight=rows["w"][inside]
            )
            assert cells[key][name] == pytest.approx(expected, abs=1e-6)
    assert all(cell["auc"] < cell["bayes_auc"] for cell in found["cells"])


@pytest.mark.e2e
def test_a_model_that_has_seen_the_click_is_named(check, tmp_path):
    rows = rows_of(seen=1, noise=0)
    with pytest.raises(BadDataError) as error:
        check(rows)
    lines = str(error.value).splitlines()
    areas = [
        roc_auc_score(rows["is_click"], rows[name], sample_weight=rows["w"])
        for name in ("x", "p_click")
    ]
    assert lines[1].startswith(
        f"  click/*: AUC {areas[0]:.4f}, of the true probabilities {areas[1]:.4f}: "
        f"{areas[0] - areas[1]:+.4f}, more than 3 standard errors ("
    )
    # All clicked rows have seen the same, which ranks no purchase among them.
    assert [line.split(":")[0].strip() for line in lines[1:4]] == [
        "click/*",
        "click/home",
        "click/all",
    ]
    assert lines[4].startswith("Look for a feature that is made after the impression")
    assert not (tmp_path / "report").exists()


def test_the_truth_itself_is_never_too_good():
    random = np.random.default_rng(0)
    truth = random.random(500)
    target = (random.random(500) < truth).astype(float)
    weight = np.ones(500)
    found = compare("click", "*", target, truth * 2 - 1, truth, weight, LeaksConfig())
    assert found is not None
    assert (found.difference.value, found.too_good(3)) == (0.0, False)


def test_an_equally_good_estimate_is_rarely_too_good():
    """Two noisy views of the same truth differ by chance: beyond 3 errors in 0.1 % of logs."""
    random = np.random.default_rng(3)
    above = 0
    for _ in range(400):
        logit = random.normal(size=400)
        target = (random.random(400) < 1 / (1 + np.exp(-logit))).astype(float)
        one, other = (logit + random.normal(size=400) for _ in range(2))
        found = compare("click", "*", target, one, other, np.ones(400), LeaksConfig())
        assert found is not None
        above += found.too_good(3)
    assert above <= 3


def test_too_few_positives_or_a_score_that_is_not_finite_are_not_judged():
    target, truth, weight = np.r_[np.ones(29), np.zeros(100)], np.full(129, 0.2), np.ones(129)
    assert compare("click", "*", target, truth, truth, weight, LeaksConfig()) is None
    target[29] = 1
    score = np.r_[np.nan, truth[1:]]
    assert compare("click", "*", target, score, truth, weight, LeaksConfig()) is None
    assert compare("click", "*", target, truth, truth, weight, LeaksConfig()) is not None
