"""A column whose name says a role does not lose it in silence."""

import numpy as np
import pandas as pd
import pytest
from inferred import DAY_ONE, infer, logged, polyrank, some_rows

ROWS = logged()
N = len(ROWS)
SOME = some_rows(ROWS)
TIMES = pd.to_datetime(ROWS.timestamp, unit="s")
THREE = "3 of 3,000 rows (first: log.csv, row 5)"
ALL = "3,000 of 3,000 rows (first: log.csv, row 0)"
TIME_WANTED = "wanted times since 1970 in whole s, ms, us, Arrow's timestamps or ISO 8601"
LATER = pd.factorize(ROWS.item_id)[0] >= 50
ODD = (ROWS.item_kind % 2 == 1).to_numpy()
HALVES = f"{ODD.sum():,} of 3,000 rows (first: log.csv, row {ODD.argmax()})"
SIGNED_UP = DAY_ONE - 86_400 * (1 + ROWS.user_id)


def refused(found, role, column, why):
    """The refusal of a log whose column for `role` is `column`."""
    assert found.code == 4 and not found.schema.exists()
    assert found.err.startswith("bad data: 3,000 rows of ")
    lines = found.err.splitlines()
    assert f"  {role}: '{column}' has the name of one, but {why}" in lines
    advice = [line for line in lines if f"or say --{role} COLUMN, or --{role} none: " in line]
    assert len(advice) == 1
    return lines


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (ROWS.timestamp.where(~SOME), f"it is empty in {THREE}"),
        (
            ROWS.timestamp + 0.25,
            f"its value is no time in {ALL}, such as 1772323200.25; {TIME_WANTED}",
        ),
        (
            TIMES.dt.strftime("%d/%m/%Y %H:%M"),
            f"its value is no time in {ALL}, such as '01/03/2026 00:00'; {TIME_WANTED}",
        ),
        (
            TIMES.astype(str).where(~SOME, "soon"),
            f"its value is no time in {THREE}, such as 'soon'; {TIME_WANTED}",
        ),
        (
            ROWS.timestamp.where(~SOME, 12),
            f"its value is no time in {THREE}, such as 12; {TIME_WANTED}",
        ),
        (
            ROWS.timestamp * 1_000_000_000,
            f"its value is no time in {ALL}, such as 1772323200000000000; {TIME_WANTED}",
        ),
    ],
    ids=["gaps", "fractions", "other-texts", "one-text", "one-number", "nanoseconds"],
)
def test_a_time_that_fails_is_named_and_no_other_one_is_taken(tmp_path, values, why):
    found = infer(tmp_path, ROWS.assign(timestamp=values, signup_ts=SIGNED_UP))
    lines = refused(found, "time", "timestamp", why)
    assert any(x.startswith("  time: 'signup_ts' would do, but it is a guess (") for x in lines)
    chosen = infer(tmp_path, ROWS.assign(timestamp=values, signup_ts=SIGNED_UP), "--time", "none")
    assert chosen.contract.timestamp is None
    assert "timestamp" not in {column.name for column in chosen.contract.columns}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (ROWS.page.where(~SOME), f"it is empty in {THREE}"),
        (
            ROWS.item_id,
            "it has 80 values, more than 50: others than the first 50 in "
            f"{LATER.sum():,} of 3,000 rows (first: log.csv, row {LATER.argmax()})",
        ),
        (ROWS.item_kind / 2, f"its value is no whole number in {HALVES}"),
        (
            ROWS.page + "|" + ROWS.item_kind.astype(str) + "|" + ROWS.page,
            f"it is a list in text, joined by '|', in {ALL}",
        ),
    ],
    ids=["gaps", "80-values", "fractions", "lists"],
)
def test_a_scenario_that_fails_is_named_and_no_other_one_is_taken(tmp_path, values, why):
    mood = np.random.default_rng(0).choice(["a", "b", "c"], N)
    found = infer(tmp_path, ROWS.assign(page=values, mood=mood))
    lines = refused(found, "scenario", "page", why)
    assert any(
        x.startswith("  scenario: 'mood' would do, but it is a guess (3 values") for x in lines
    )
    chosen = infer(tmp_path, ROWS.assign(page=values, mood=mood), "--scenario", "none")
    assert chosen.contract.scenario is None
    assert chosen.line("scenario:") == "scenario: none (all rows are one scenario)"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (7, f"it is '7' in {ALL}"),
        (np.arange(N), f"it has 3,000 values in {ALL}: it stands for the row"),
        (
            [f"r{x}" for x in np.random.default_rng(0).permutation(N)],
            f"it has 3,000 values in {ALL}: it stands for the row",
        ),
        (np.arange(N) // 2, f"it grows with the time in {ALL}: it stands for the row"),
        (ROWS.item_kind / 2 + ROWS.user_id, f"its value is no whole number in {HALVES}"),
    ],
    ids=["constant", "row-number", "shuffled-row-number", "counter", "fractions"],
)
def test_a_user_that_fails_is_named_with_the_advice_to_do_without(tmp_path, values, why):
    wer = [f"p{x}" for x in ROWS.user_id]
    found = infer(tmp_path, ROWS.assign(user_id=values, wer=wer))
    lines = refused(found, "user", "user_id", why)
    assert any("or --user none: no GAUC and no interval over users" in x for x in lines)
    chosen = infer(tmp_path, ROWS.assign(user_id=values, wer=wer), "--user", "wer")
    assert chosen.contract.user_id.name == "wer"
    chosen.check()


def test_a_column_that_is_named_as_well_takes_the_role_and_both_are_reported(tmp_path):
    rows = ROWS.assign(event_time=ROWS.timestamp.where(~SOME), tab=ROWS.page.where(~SOME))
    found = infer(tmp_path, rows)
    contract = found.contract
    assert (contract.timestamp.name, contract.scenario.name) == ("timestamp", "page")
    for role, winner, loser in (("time", "timestamp", "event_time"), ("scenario", "page", "tab")):
        said = f"; not '{loser}', which has the name of one too: it is empty in {THREE}"
        assert said in found.line(f"{role}: {winner}")
        assert said in found.text
        assert f"not the {role}: it is empty in {THREE}" in found.text


def test_empty_user_ids_are_guests(tmp_path):
    guests = np.random.default_rng(1).random(N) < 0.2
    for name, user in (("ints", ROWS.user_id), ("texts", "u" + ROWS.user_id.astype(str))):
        folder = tmp_path / name
        folder.mkdir()
        found = infer(folder, ROWS.assign(user_id=user.where(~guests)))
        user = found.contract.user_id
        assert (user.name, user.required) == ("user_id", False)
        said = (
            f"it is empty in {guests.sum()} of 3,000 rows (first: log.csv, row {guests.argmax()}): "
            "guests, who are trained on, and in no GAUC"
        )
        assert said in found.line("user: user_id") and said in found.text
        assert f"user user_id: empty in {guests.sum()} rows" in found.check()


@pytest.mark.parametrize("guest", [0, "guest"])
def test_a_value_that_may_stand_for_guests_is_named(tmp_path, guest):
    guests = np.arange(N) % 10 == 4
    found = infer(tmp_path, ROWS.assign(user_id=(ROWS.user_id + 1).where(~guests, guest)))
    assert found.line("user: user_id").endswith(
        f"; it is '{guest}' in 300 of 3,000 rows (first: log.csv, row 4): if that means no user, "
        "leave it empty)"
    )
    assert found.contract.user_id.required


def test_a_frequent_user_is_a_user(tmp_path):
    often = np.arange(N) % 40 == 4
    found = infer(tmp_path, ROWS.assign(user_id=ROWS.user_id.where(~often, 7)))
    assert "if that means no user" not in found.line("user: user_id")


def test_an_empty_text_is_a_guest_too(tmp_path):
    user = ("u" + ROWS.user_id.astype(str)).where(~SOME, "")
    found = infer(tmp_path, ROWS.assign(user_id=user), name="log.parquet")
    assert not found.contract.user_id.required
    assert "it is empty in 3 of 3,000 rows (first: log.parquet, row 5): guests" in found.out
    assert "user user_id: empty in 3 rows" in found.check()


@pytest.mark.parametrize("blank", ["", "  ", "\t", " \n "])
def test_a_blank_text_is_a_guest_as_the_reader_has_it(tmp_path, blank):
    guests = np.random.default_rng(1).random(N) < 0.1
    user = ("u" + ROWS.user_id.astype(str)).where(~guests, blank)
    for options in ((), ("--user", "user_id")):
        found = infer(tmp_path, ROWS.assign(user_id=user), *options, name="log.parquet")
        assert not found.contract.user_id.required
        assert f"it is empty in {guests.sum()} of 3,000 rows (first: log.parquet" in found.out
    assert f"user user_id: empty in {guests.sum()} rows" in found.check()


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_row_number_with_guests_is_a_row_number_all_the_same(tmp_path, blank):
    known = np.arange(N) % 2 == 1
    user = np.where(known, [f"r{x}" for x in np.random.default_rng(0).permutation(N)], blank)
    why = "it has 1,500 values in 1,500 of 3,000 rows (first: log.parquet, row 1): it stands for"
    found = infer(tmp_path, ROWS.assign(user_id=user), name="log.parquet")
    assert found.code == 4 and f"'user_id' has the name of one, but {why} the row" in found.err
    chosen = infer(tmp_path, ROWS.assign(user_id=user), "--user", "user_id", name="log.parquet")
    assert chosen.err.startswith(f"bad data: --user 'user_id' can't be the user: {why} the row")


def test_a_scenario_of_a_name_that_none_can_have_is_to_be_renamed(tmp_path):
    rows = ROWS.assign(page=ROWS.page.where(~SOME, "*"))
    found = infer(tmp_path, rows)
    lines = refused(
        found, "scenario", "page", f"it is '*', which can be no scenario's name, in {THREE}"
    )
    assert (
        "    rename the scenario '*' in the log; or say --scenario COLUMN, or --scenario none: all "
        "rows are one scenario" in lines
    )
    chosen = infer(tmp_path, rows, "--scenario", "page")
    assert chosen.err == (
        "bad data: --scenario 'page' can't be the scenario: it is '*', which can be no scenario's "
        f"name, in {THREE}; rename the scenario '*' in the log, or name another one, or --scenario "
        "none\n"
    )


def test_a_column_of_missing_numbers_has_no_value(tmp_path):
    found = infer(tmp_path, ROWS.assign(page="nan", notes="null"))
    refused(found, "scenario", "page", "it has no value in any row")
    chosen = infer(tmp_path, ROWS.assign(page="nan", notes="null"), "--scenario", "none")
    assert chosen.lines("left out:") == [
        "left out: page (it has no value in any row)",
        "left out: notes (it has no value in any row)",
    ]


def test_times_outside_their_folder_are_counted(tmp_path):
    folder = tmp_path / "log" / "span=2026-03-01"
    folder.mkdir(parents=True)
    rows = ROWS[: N // 3 + 10]
    rows.to_csv(folder / "part.csv", index=False)
    found = infer(tmp_path, ROWS, name="whole.csv")
    assert found.lines("outside") == []
    ended = polyrank("schema", "infer", "--data", tmp_path / "log", "--out", tmp_path / "b.pbtxt")
    (line,) = [x for x in ended.out.splitlines() if x.startswith("outside their span's day: ")]
    assert line == (
        "outside their span's day: 10 of 1,010 rows are refused (outside_its_day; first: "
        "span=2026-03-01/part.csv, row 1,000: '1772409600'; wanted a time on 2026-03-01 (UTC), "
        "1772323200 to 1772409599)"
    )
