"""The figures of docs/gate.md are those that the gate's own code gives."""

import contextlib
import dataclasses
import io
import math
import pathlib
import re

import numpy as np
import pytest

from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.verdict import CellVerdict, judge_all
from models.metrics.paired import auc_difference
from models.metrics.quality import Quality, quality
from models.metrics.value_intervals import value_interval

PAGE = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "gate.md").read_text("utf-8")
CALIBRATION = GateConfig(auc_at_least=None)
NEGATIVES_A_POSITIVE = 19
SHIFT = 0.7416  # AUC .70 of two normal scores.
AGREEMENT = 0.9


def rows_after(heading: str) -> list[list[str]]:
    """The cells of the first table with numbers in its first column below a heading."""
    text = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| [0-9]", line)
    ]


def short(number: float) -> str:
    """A number with three decimals, as the page writes it."""
    return f"{number:.3f}".removeprefix("0")


def interval(found: Quality, metric: str) -> str:
    low, high = value_interval(found, metric)
    return f"{short(low)} to {short(high)}"


@pytest.fixture(scope="module")
def example() -> tuple[str, np.ndarray, np.ndarray, Quality]:
    """What the page's program prints, its targets and scores, and its cell's numbers."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(program, names)
    target, score, cell = (names[name] for name in ("target", "score", "cell"))
    return printed.getvalue(), target, score, cell.candidate


def in_cart(found: Quality, config: GateConfig = CALIBRATION, others: int = 0) -> CellVerdict:
    """The verdict of a scenario next to others that keep their limits."""
    kept = dataclasses.replace(
        found, positives=9000, calibration=1.0, calibration_standard_error=0.01
    )
    cells = [Cell("click", f"s{n}", kept, None) for n in range(others)]
    return judge_all([Cell("click", "cart", found, None), *cells], config)[0]


def test_the_program_prints_what_the_page_says(example):
    printed, target, score, _ = example
    assert f"```\n\n    {printed}" in PAGE
    assert (target.sum(), f"{score.sum():.1f}") == (33, "19.3")


def test_more_days_decide_as_the_page_says(example):
    _, target, score, _ = example
    rows = rows_after("A scenario with 33 positives")
    assert len(rows) == 4
    for days, positives, ends, alone, among in rows:
        count = int(days)
        found = quality(np.tile(target, count), np.tile(score, count), np.ones(2000 * count))
        assert found.positives == int(positives)
        assert interval(found, "calibration") == ends
        assert in_cart(found).verdict == alone
        assert in_cart(found, others=19).verdict == among


@pytest.mark.parametrize(("limits", "wanted"), [((0.4, 2.5), "pass"), ((0.85, 1.2), "fail")])
def test_other_limits_decide_as_the_page_says(example, limits, wanted):
    assert f"[{limits[0]}, {limits[1]}]" in PAGE
    config = GateConfig(auc_at_least=None, calibration_between=limits)
    assert in_cart(example[3], config).verdict == wanted


def sampled(positives: int) -> tuple[Quality, float]:
    """The numbers of a model, and half the interval of its gain on an equally good one."""
    random = np.random.default_rng(0)
    target = np.repeat([1.0, 0.0], [positives, NEGATIVES_A_POSITIVE * positives])
    common, *own = random.normal(size=(3, len(target)))
    parts = (math.sqrt(AGREEMENT) * common, math.sqrt(1 - AGREEMENT))
    logits = [parts[0] + parts[1] * x + SHIFT * target for x in own]
    prior = math.log(1 / NEGATIVES_A_POSITIVE)
    scores = [1 / (1 + np.exp(-SHIFT * (x - SHIFT / 2) - prior)) for x in logits]
    weight = np.ones(len(target))
    low, high = auc_difference(target, *scores, weight).interval()
    return quality(target, scores[0], weight), (high - low) / 2


def test_positives_give_the_intervals_that_the_page_says():
    rows = rows_after("How many positives a limit needs")
    assert len(rows) == 6
    for positives, calibration, auc, gain in rows:
        count = int(positives.replace(",", ""))
        found, half_gain = sampled(count)
        calibrated = dataclasses.replace(
            found, calibration=1.0, calibration_standard_error=1 / math.sqrt(count)
        )
        assert interval(calibrated, "calibration") == calibration
        # The formula is that of a sample with as many positives.
        relative = found.calibration_standard_error / found.calibration
        assert relative == pytest.approx(1 / math.sqrt(count), rel=0.06)
        low, high = value_interval(found, "auc")
        assert (high - low) / 2 == pytest.approx(float(auc.removeprefix("±")), abs=6e-4)
        assert half_gain == pytest.approx(float(gain.removeprefix("±")), abs=6e-4)


@pytest.mark.parametrize(
    ("positives", "cells", "wanted"),
    [
        (150, 1, "insufficient data"),
        (200, 1, "fail"),
        (400, 48, "insufficient data"),
        (450, 48, "fail"),
    ],
)
def test_a_random_ranking_is_refused_from_as_many_positives_as_the_page_says(
    positives, cells, wanted
):
    assert "from 200 positives on" in PAGE and "from 450 on in a gate of 48 cells" in PAGE
    # Of scores that say nothing, the variance of the AUC is (1 / P + 1 / N) / 12 (Mann-Whitney).
    rows = 1 / positives + 1 / (NEGATIVES_A_POSITIVE * positives)
    found = Quality(
        *(0.5, 0.2, 1.0, positives, NEGATIVES_A_POSITIVE * positives),
        *(positives, NEGATIVES_A_POSITIVE * positives, 0),
        auc_standard_error=math.sqrt(rows / 12),
        logloss_standard_error=0.01,
        calibration_standard_error=1 / math.sqrt(positives),
    )
    kept = dataclasses.replace(found, auc=0.7, positives=90_000, calibration_standard_error=0.01)
    others = [Cell("click", f"s{n}", kept, None) for n in range(cells - 1)]
    judged = judge_all([Cell("click", "cart", found, None), *others], GateConfig())
    assert judged[0].verdict == wanted
    assert len(judged[0].values) * cells == judged[0].values[0].tests == 2 * cells


def test_four_equal_rows_a_user_make_intervals_twice_as_wide():
    target = np.repeat([1.0, 0.0], [400, 7600])
    score = np.full(8000, 0.05)
    users = np.arange(8000)
    errors = [
        quality(target, score, np.ones(8000), user).calibration_standard_error
        for user in (users, users // 4)
    ]
    assert errors[1] / errors[0] == pytest.approx(2, rel=0.001)


def test_the_chance_that_an_unadjusted_gate_refuses_is_that_of_the_page():
    assert f"on {100 * (1 - 0.975**40):.0f} days of 100" in PAGE
