"""Positions and row weights: what is known in the log alone is no served feature in silence."""

import numpy as np
import pytest
from inferred import infer, logged, some_rows

ROWS = logged()
N = len(ROWS)
RNG = np.random.default_rng(4)
SOME = some_rows(ROWS)
THREE = "3 of 3,000 rows (first: log.csv, row 5)"
WEIGHT = RNG.random(N).round(3) + 0.5


@pytest.mark.parametrize("names", [["row 1, left", "row 2, right"], ["a=b,default=c", "x:y, z"]])
def test_a_position_may_hold_commas(tmp_path, names):
    found = infer(tmp_path, ROWS.assign(position=RNG.choice(names, N)))
    column = found.contract.column("position")
    assert column.train_only_default.decode() in names
    assert column not in found.contract.serving_features
    found.check()


def test_an_empty_text_is_no_position_to_serve_at(tmp_path):
    # More clicks at the top than at the end: the average lies between them.
    top = RNG.random(N) < np.where(ROWS.click == 1, 0.6, 0.4)
    rows = ROWS.assign(position=np.where(top, "top", "end"))
    rows.loc[RNG.random(N) < 0.5, "position"] = ""
    found = infer(tmp_path, rows, name="log.parquet")
    assert found.line("left out:") == (
        "left out: position (its name says position, known only in the log, and serving can't "
        "score as at the empty text, where 'click' is nearest to its average)"
    )
    found.check()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.where(SOME, -1, WEIGHT), f"it is below 0 in {THREE}"),
        (np.where(SOME, np.nan, WEIGHT), f"it is empty in {THREE}"),
        (np.where(SOME, np.nan, RNG.integers(1, 9, N)), f"it is empty in {THREE}"),
        (
            np.where(SOME, "n/a", WEIGHT.astype(str)),
            "its values are texts, in 3,000 of 3,000 rows (first: log.csv, row 0)",
        ),
    ],
    ids=["negative", "gap", "whole-gap", "text"],
)
def test_a_weight_that_fails_is_left_out_with_the_test(tmp_path, values, why):
    found = infer(tmp_path, ROWS.assign(weight=values))
    assert found.contract.weight is None
    said = f"weight (its name says the row's weight, but {why})"
    assert found.line("left out:") == f"left out: {said}"
    found.check()


def test_of_two_weights_the_first_is_taken_and_the_other_named(tmp_path):
    rows = ROWS.assign(sample_weight=WEIGHT, row_weight=RNG.integers(1, 9, N))
    found = infer(tmp_path, rows)
    assert found.contract.weight.name == "sample_weight"
    assert found.line("left out:") == (
        "left out: row_weight (its name says the row's weight, but 'sample_weight' is the weight "
        "already)"
    )
    one = infer(tmp_path, rows.drop(columns="sample_weight"))
    assert one.contract.weight.name == "row_weight"
    one.check()


def test_a_column_left_out_keeps_the_blanks_of_its_name(tmp_path):
    name = "dwell  time \u00a0of it"
    found = infer(tmp_path, ROWS.assign(**{name: RNG.integers(1, 15, N)}))
    text = found.schema.read_text()
    (line,) = [x for x in text.splitlines() if x.startswith("# feature {")]
    assert f'name: "{name}"' in line
    found.schema.write_text(text.replace(line, line[2:]))
    assert found.contract.column(name).treatment is not None
    found.check()
