import numpy as np
import pyarrow as pa
import pytest

from common.errors import BadDataError
from common.settings import SettingsError, parse
from components.impression_example_gen.split import Rows, SplitConfig
from components.impression_example_gen.time_split import Cutoffs, find_cutoffs
from data.log.time_counts import TimeCounts


def _counts(*times):
    return TimeCounts.of(np.array(times, np.int64))


def _rows(contract, date, times):
    return Rows(contract, date, {"time": pa.array(times, pa.int64())})


def test_quantile_is_exact():
    times = _counts(*range(10, 20))
    assert times.start_of_last(0.3) == 17  # 17, 18, 19
    assert times.start_of_last(0.1) == 19
    assert times.start_of_last(0.001) == 19  # never empty


def test_ties_go_to_the_later_split():
    # Of 10 rows the last 3 begin at index 7, in the middle of the 5 rows of time 2.
    assert _counts(1, 1, 1, 1, 2, 2, 2, 2, 2, 3).start_of_last(0.3) == 2


def test_quantile_agrees_with_sorting():
    random = np.random.default_rng(0)
    for _ in range(50):
        times = random.integers(0, 40, random.integers(1, 200))
        fraction = random.uniform(0.01, 0.99)
        later = max(1, round(fraction * len(times)))
        assert TimeCounts.of(times).start_of_last(fraction) == np.sort(times)[len(times) - later]


def test_counts_by_whole_units():
    cut = _counts(1_999, 1_000, 2_000, -1).by(1_000)
    assert (cut.times.tolist(), cut.counts.tolist()) == ([-1_000, 1_000, 2_000], [1, 2, 1])


def test_merged_counts_are_those_of_all_rows():
    merged = TimeCounts.merged([_counts(3, 1, 3), _counts(2, 3), _counts()])
    assert merged.times.tolist() == [1, 2, 3]
    assert merged.counts.tolist() == [1, 1, 3]


def test_eval_spans_leave_validation_to_the_train_rows(contract):
    by_date = {"d1": _counts(0, 1, 2, 3), "d2": _counts(10, 11, 12, 13), "d3": _counts(20, 21)}
    cutoffs = find_cutoffs(SplitConfig(validation_fraction=0.25), by_date, ("d3",))
    assert cutoffs == Cutoffs(12, None, frozenset({"d3"}))
    assert cutoffs.assign(_rows(contract, "d2", [10, 11, 12, 13])).tolist() == [0, 0, 1, 1]
    assert cutoffs.assign(_rows(contract, "d3", [20, 21])).tolist() == [2, 2]


def test_eval_fraction_takes_the_last_rows_of_all_spans(contract):
    by_date = {"d1": _counts(*range(10)), "d2": _counts(*range(10, 20))}
    config = SplitConfig(eval_fraction=0.2, validation_fraction=0.25)
    cutoffs = find_cutoffs(config, by_date, ("d2",))
    # 20 rows: the last 4 are eval (16..19); of the other 16 the last 4 validation (12..15).
    assert cutoffs == Cutoffs(12, 16, frozenset())
    assert np.bincount(cutoffs.assign(_rows(contract, "d2", range(20)))).tolist() == [12, 4, 4]


@pytest.mark.parametrize("by", ["time", "user", "row"])
def test_nothing_to_evaluate_is_an_error(log, by):
    with pytest.raises(SettingsError, match="no eval spans and eval_fraction is not set"):
        log.run("run", SplitConfig(by=by), eval_spans=0)


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(BadDataError, match="at or after timestamp 5 are validation"):
        find_cutoffs(SplitConfig(), {"d1": _counts(5, 5, 5), "d2": _counts(9)}, ("d2",))
    with pytest.raises(BadDataError, match="every row falls into eval"):
        find_cutoffs(SplitConfig(eval_fraction=0.5), {"d1": _counts(5, 5, 5)}, ())


@pytest.mark.parametrize("key", ["eval_fraction", "validation_fraction"])
@pytest.mark.parametrize("value", [0, 1, -0.1])
def test_fractions_lie_between_0_and_1(key, value):
    with pytest.raises(SettingsError, match=key):
        parse(SplitConfig, {key: value})
