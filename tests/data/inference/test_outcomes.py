"""What came of an impression is a label or left out, and never a feature."""

import numpy as np
import pandas as pd
import pytest
from inferred import infer, logged, some_rows

ROWS = logged()
N = len(ROWS)
RNG = np.random.default_rng(3)
UNKNOWN = RNG.random(N) < 0.1
NOT_YET = (
    f"it is empty in {UNKNOWN.sum()} of 3,000 rows (first: log.csv, row {UNKNOWN.argmax()}): not "
    "known yet, so left out of this label's loss and metrics"
)
BUYS = f"{ROWS.buy.sum()} of 3,000 rows (first: log.csv, row {ROWS.buy.argmax()})"
NEGATIVE = f"{(ROWS.buy[::7] == 0).sum()} of 3,000 rows (first: log.csv, row 0), and not -1 and 1"
GIVEN = "label:buy given:click"


def _features(found):
    return {column.name for column in found.contract.features}


@pytest.mark.parametrize(
    ("values", "tag", "note"),
    [
        (ROWS.buy, GIVEN, ""),
        (ROWS.buy == 1, GIVEN, "; its texts are true and false, which are read as 1 and 0"),
        (ROWS.buy.where(~UNKNOWN), GIVEN, f"; {NOT_YET}"),
        (
            ROWS.buy * 2 - 1,
            f"{GIVEN} above:0",
            "; its values are -1 and 1: 'above:0' reads -1 as 0",
        ),
        (
            ROWS.buy * (1 + np.arange(N) % 3),
            f"{GIVEN} above:0",
            "; it counts up to 3: 'above:0' reads each count above 0 as 1",
        ),
        (
            (ROWS.buy * 2).where(~UNKNOWN),
            f"{GIVEN} above:0",
            f"; it counts up to 2: 'above:0' reads each count above 0 as 1; {NOT_YET}",
        ),
    ],
    ids=["flag", "texts", "gaps", "signs", "counts", "counts-with-gaps"],
)
def test_an_outcome_is_proposed_as_a_label_where_its_values_allow(tmp_path, values, tag, note):
    found = infer(tmp_path, ROWS.assign(buy=values))
    assert found.line("label: buy") == f"label: buy ({tag}{note})"
    assert found.lines("left out:") == []
    column = found.contract.column("buy")
    assert column.treatment is None and column.required == ("empty" not in note)
    checked = found.check()
    assert checked.endswith("every row keeps the contract\n")
    positive = pd.to_numeric(pd.Series(values) * 1).gt(0).sum()
    assert f"label buy: {positive} positives" in checked


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.where(ROWS.buy == 1, "yes", "no"), "its values are texts ('no', 'yes'); write 1"),
        (ROWS.buy * 12.5, f"its value is no whole number in {BUYS}: no counts"),
        (
            ROWS.buy.astype(str).where(~some_rows(ROWS), "n/a"),
            "its value is no number in 3 of 3,000 rows (first: log.csv, row 5), such as 'n/a'",
        ),
        (ROWS.buy * 30_000, "half of its values above 0 are above 10: a quantity, and no count"),
        (ROWS.buy - (np.arange(N) % 7 == 0), f"its value is below 0 in {NEGATIVE}"),
        (ROWS.buy + 1, "it is above 0 in every row (1 to 2); write 1 where it is high enough, "),
        (0, "it is negative in every row that has it"),
        (ROWS.buy.where(ROWS.buy == 1), "it is positive in every row that has it; write 0 where"),
    ],
)
def test_an_outcome_of_other_values_is_left_out_with_the_reason(tmp_path, values, why):
    found = infer(tmp_path, ROWS.assign(buy=values))
    said = f"left out: buy (its name says outcome, which is no feature: {why}"
    assert found.line("left out:").startswith(said)
    assert found.line("label:") == "label: click (label:click)"
    assert "buy" not in {column.name for column in found.contract.columns}
    assert f"buy: its name says outcome, which is no feature: {why}" in found.text
    found.check()


@pytest.mark.parametrize(
    "name", ["is_buy", "buy_cnt", "n_purchases", "order_count", "isBought", "num_of_orders_2"]
)
def test_counts_are_recognised_by_many_names(tmp_path, name):
    rows = ROWS.drop(columns="buy").assign(**{name: ROWS.buy * (1 + np.arange(N) % 2)})
    found = infer(tmp_path, rows)
    assert " given:click above:0; it counts up to 2" in found.line(f"label: {name}")


@pytest.mark.parametrize("name", ["sort_order", "cart_size", "view_mode", "action_bar_items"])
def test_a_name_that_says_more_than_an_outcome_makes_no_label_of_counts(tmp_path, name):
    found = infer(tmp_path, ROWS.assign(**{name: np.arange(N) * 7919 % 4}))
    assert found.line("left out:") == (
        f"left out: {name} (its name says outcome, which is no feature: its name says more than "
        "an outcome, and its values are not 0 and 1)"
    )


def test_a_flag_and_a_count_of_the_same_rows_are_one_label(tmp_path):
    found = infer(tmp_path, ROWS.assign(buy_cnt=ROWS.buy * 2))
    assert found.lines("label:") == ["label: click (label:click)", f"label: buy ({GIVEN})"]
    assert "left out: buy_cnt (its name says outcome" in found.out
    assert "it says the same as 'buy' in every row" in found.out


@pytest.mark.parametrize("text", [False, True])
def test_the_time_of_an_outcome_is_left_out(tmp_path, text):
    times = (ROWS.timestamp + 5).where(ROWS.click == 1)
    values = pd.to_datetime(times.astype("Int64"), unit="s") if text else times
    found = infer(tmp_path, ROWS.assign(clicked_at=values))
    assert found.line("left out:") == (
        "left out: clicked_at (the time of an outcome: known only after the impression)"
    )


def test_sums_of_earlier_outcomes_are_features_of_the_user_and_the_item(tmp_path):
    of_user, of_item = RNG.integers(0, 30, 200), RNG.random(80).round(3)
    rows = ROWS.assign(
        user_click_count_7d=of_user[ROWS.user_id],
        item_ctr=of_item[ROWS.item_id],
        like_count=RNG.integers(0, 9_000, 80)[ROWS.item_id],
        user_buys_24h=RNG.integers(0, 5, N),
    )
    found = infer(tmp_path, rows)
    names = {"user_click_count_7d", "item_ctr", "like_count", "user_buys_24h"}
    assert names <= _features(found) and found.lines("left out:") == []
    assert len(found.lines("label:")) == 2
    for name, side in (("user_click_count_7d", "user"), ("item_ctr", "item")):
        assert found.line(f"feature: {name}") == (
            f"feature: {name} (named like an outcome, but the {side} alone decides it: a sum of "
            "earlier rows, and no outcome of this one)"
        )
        assert found.contract.column(name).side == side
    assert found.line("feature: user_buys_24h") == (
        "feature: user_buys_24h (its name says a sum of earlier outcomes, and alone it ranks no "
        "label)"
    )
    found.check()


def test_a_flag_that_the_user_decides_is_neither_label_nor_feature_by_itself(tmp_path):
    subscribed = (RNG.random(200) < 0.3)[ROWS.user_id].astype(int)
    found = infer(tmp_path, ROWS.assign(subscribed=subscribed))
    assert found.line("left out:") == (
        "left out: subscribed (its name says outcome, which is no feature: the user alone decides "
        "it, so it may be a fact about the user, and no outcome)"
    )
    # No other column gets its place, where it is the only one of such a name.
    coin = RNG.integers(0, 2, N)
    rows = ROWS.assign(subscribed=subscribed, coin=coin).drop(columns=["click", "buy"])
    assert "  label: 'subscribed': the user alone decides it" in infer(tmp_path, rows).err


def test_texts_are_labels_in_text_files_alone(tmp_path):
    buy = np.where(ROWS.buy == 1, "true", "false")
    found = infer(tmp_path, ROWS.assign(buy=buy), name="log.parquet")
    assert found.line("left out: buy").startswith(
        "left out: buy (its name says outcome, which is no feature: its values are texts ("
    )
    found.check()


def test_a_sum_that_counts_the_rows_own_outcome_is_left_out(tmp_path):
    found = infer(tmp_path, ROWS.assign(user_clicks_30d=ROWS.click + RNG.integers(0, 2, N)))
    assert found.line("left out:").startswith(
        "left out: user_clicks_30d (its name says earlier outcomes, but alone it ranks 'click' "
        "with an AUC of 0."
    )


@pytest.mark.parametrize(
    "name",
    ["propensity", "propensity_score", "action_prob", "pscore", "logging_probability", "ips",
     "predicted_ctr", "pCTR", "behavior_policy", "logging_policy_id"],
)  # fmt: skip
def test_knowledge_of_the_policy_is_named_as_such(tmp_path, name):
    found = infer(tmp_path, ROWS.assign(**{name: RNG.random(N).round(3), "bid": RNG.random(N)}))
    assert found.line("left out:") == (
        f"left out: {name} (its name says knowledge of the policy that showed the row (a "
        "propensity, a prediction), which only logged rows have; if it is known before the "
        "impression, take the '#' away)"
    )
    assert "bid" in _features(found)


@pytest.mark.parametrize("name", ["watch_ratio", "finish_rate", "completionRate"])
def test_the_share_that_was_watched_is_no_sum_of_earlier_rows(tmp_path, name):
    found = infer(tmp_path, ROWS.assign(**{name: RNG.random(N).round(3)}))
    assert found.line("left out:").startswith(
        f"left out: {name} (its name says outcome, which is no feature: its value is no whole "
    )


def test_a_rating_is_no_label_by_itself(tmp_path):
    found = infer(tmp_path, ROWS.assign(rating=RNG.integers(1, 6, N)), "--label", "rating")
    assert (found.code, found.err) == (
        4,
        "bad data: --label 'rating' can't be a label: it is above 0 in every row (1 to 5); write 1 "
        "where it is high enough, else 0\n",
    )


def test_without_a_usable_outcome_no_other_column_takes_the_labels_place(tmp_path):
    rows = ROWS.drop(columns="buy").assign(click="yes", coin=RNG.integers(0, 2, N))
    found = infer(tmp_path, rows)
    assert found.code == 4
    assert "label: 'click': its values are texts ('yes'); write 1 and 0, as numbers" in found.err
    assert "label: 'coin' would do, but no name says that it is an outcome" in found.err
    assert "or say --label COLUMN" in found.err
    chosen = infer(tmp_path, rows, "--label", "coin")
    assert chosen.line("label:") == "label: coin (label:coin)"


@pytest.mark.parametrize("name", ["policy", "policy_type", "insurance_policy", "policy_id"])
def test_an_insurance_is_no_policy_that_showed_the_row(tmp_path, name):
    found = infer(tmp_path, ROWS.assign(**{name: RNG.choice(["life", "car", "house"], N)}))
    assert name in _features(found) and found.lines("left out:") == []


@pytest.mark.parametrize("name", ["srch_length_of_stay", "time_to_departure", "delay_min"])
def test_a_name_that_says_known_afterwards_is_a_suspicion_and_no_proof(tmp_path, name):
    found = infer(tmp_path, ROWS.assign(**{name: RNG.integers(1, 15, N)}))
    assert found.line("left out:") == (
        f"left out: {name} (its name says known only after the impression; if it is known before "
        "the impression, take the '#' away)"
    )
    text = found.schema.read_text()
    (line,) = [x for x in text.splitlines() if x.startswith(f'# feature {{ name: "{name}" ')]
    found.schema.write_text(text.replace(line, line[2:]))
    assert name in _features(found)
    found.check()
