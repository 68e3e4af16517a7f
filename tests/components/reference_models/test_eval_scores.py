import numpy as np

from components.reference_models.eval_scores import (
    EvalScores,
    read_eval_scores,
    write_eval_scores,
)

IDS = 813_217_491_600_801_805 + np.arange(3)


def test_scores_come_back_as_they_were_for_every_output(tmp_path):
    random = np.random.default_rng(0)
    written = {
        "click": EvalScores(IDS, {"user_rate": random.random(3), "two": random.random(3)}),
        # An output of any name, of other rows, without one of the models.
        "größe/x y": EvalScores(IDS[[2, 0]], {"two": np.array([1e-300, 1.0])}),
    }
    write_eval_scores(str(tmp_path), written)
    found = read_eval_scores(str(tmp_path))
    assert list(found) == list(written)
    for output, of_output in written.items():
        np.testing.assert_array_equal(found[output].row_ids, of_output.row_ids)
        assert found[output].scores.keys() == of_output.scores.keys()
        for model, scores in of_output.scores.items():
            np.testing.assert_array_equal(found[output].scores[model], scores)


def test_no_output_has_scores(tmp_path):
    write_eval_scores(str(tmp_path), {})
    assert read_eval_scores(str(tmp_path)) == {}
