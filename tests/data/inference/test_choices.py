"""`schema infer` with the options that name the columns of roles."""

import numpy as np
import pandas as pd
import pytest
from inferred import infer, logged

from data.inference.choices import ChoiceError, Choices

ROWS = logged(rows=2_000)
RNG = np.random.default_rng(5)


def test_named_columns_get_their_roles(tmp_path):
    rows = ROWS.assign(
        wer=[f"w{x}" for x in ROWS.user_id // 2],
        wann=ROWS.timestamp * 1_000 + 1,
        wo=ROWS.item_id,
        ja=ROWS.click * 3.5,
    )
    options = ("--user", "wer", "--scenario", "wo", "--time", "wann")
    found = infer(tmp_path, rows, *options, "--label", "buy", "--label", "ja")
    contract = found.contract
    assert (contract.user_id.name, contract.scenario.name) == ("wer", "wo")
    assert (contract.timestamp.name, contract.timestamp.tags.ticks_per_second) == ("wann", 1_000)
    assert len(contract.scenarios) == 80
    assert found.lines("label:") == [
        "label: buy (label:buy given:ja)",
        "label: ja (label:ja above:0; from 0 to 3.5: 'above:0' reads each value above 0 as 1)",
    ]
    # Labels are those that were named: no other outcome is one, nor a feature.
    assert found.line("left out: click") == (
        "left out: click (its name says outcome, which is no feature)"
    )
    found.check()


def test_a_log_without_user_scenario_and_time(tmp_path):
    numbers = {f"I{i}": RNG.integers(0, 500, 2_000) for i in range(1, 6)}
    sizes = {"C1": 10, "C2": 30, "C3": 300, "C4": 5_000}
    tokens = {
        name: [f"{x:08x}" for x in RNG.integers(0, size, 2_000)] for name, size in sizes.items()
    }
    rows = pd.DataFrame({"label": ROWS.click, **numbers, **tokens})
    found = infer(tmp_path, rows)
    assert found.code == 4
    assert found.err.splitlines()[1:-1] == [
        "  time: no column fits",
        "    write the time of the impression as seconds, milliseconds or microseconds since 1970 "
        "(UTC), or as a timestamp; or say --time COLUMN, or --time none: the split is by row, and "
        "not by time",
        "  user: no column fits",
        "    write one column that tells users apart, such as user_id; or say --user COLUMN, or "
        "--user none: no GAUC and no interval over users",
        "  scenario: 'C1' would do, but it is a guess (10 values; no column has a better name; "
        "'C2' would do as well, and no name says which)",
        "    write one column of at most 50 values that says where the impression was shown, such "
        "as scenario; or say --scenario COLUMN, or --scenario none: all rows are one scenario",
    ]
    none = ("--user", "none", "--scenario", "none", "--time", "none")
    found = infer(tmp_path, rows, *none)
    contract = found.contract
    assert (contract.user_id, contract.scenario, contract.timestamp) == (None, None, None)
    assert found.out.splitlines()[:4] == [
        "scenario: none (all rows are one scenario)",
        "time: none (the split is by row, and not by time)",
        "user: none (no GAUC and no interval over users)",
        "label: label (label:label)",
    ]
    for said in ("scenario: none (all", "time: none (the", "user: none (no"):
        assert f"# {said}" in found.schema.read_text()
    assert "label label: " in found.check()


def test_a_log_of_a_bandit_has_no_user(tmp_path):
    rows = pd.DataFrame(
        {
            "": np.arange(2_000),
            "timestamp": pd.to_datetime(ROWS.timestamp, unit="s", utc=True).astype(str),
            "item_id": ROWS.item_id,
            "position": RNG.integers(1, 4, 2_000),
            "click": ROWS.click,
            "propensity_score": RNG.random(2_000).round(4),
            "user_feature_0": [f"{int(x) * 10**30:032x}" for x in RNG.integers(0, 4, 2_000)],
            "user_feature_1": [f"{int(x) * 10**30:032x}" for x in RNG.integers(0, 6, 2_000)],
        }
    )
    found = infer(tmp_path, rows)
    assert found.code == 4 and "  user: no column fits\n" in found.err
    assert "  time:" not in found.err and "  label:" not in found.err
    found = infer(tmp_path, rows, "--user", "none", "--scenario", "none")
    assert found.contract.timestamp.name == "timestamp"
    assert found.lines("left out:")[0] == "left out: '' (its name is empty)"
    assert found.lines("left out:")[1].startswith("left out: propensity_score (its name says know")
    found.check()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--user", "usr_id"), "--user 'usr_id' is no column; did you mean 'user_id'?"),
        (("--label", "clik"), "--label 'clik' is no column; did you mean 'click'?"),
        (
            ("--user", "page", "--scenario", "page"),
            "'page' is named by --scenario and by --user: a column has one role",
        ),
        (
            ("--label", "buy", "--time", "buy"),
            "'buy' is named by --time and by --label: a column has one role",
        ),
        (
            ("--label", "buy", "--label", "buy"),
            "'buy' is named by --label and by --label: a column has one role",
        ),
        (("--user", "user_id", "--user"), "Option '--user' requires an argument."),
    ],
)
def test_options_that_name_no_column_or_one_twice_are_wrong_usage(tmp_path, options, said):
    found = infer(tmp_path, ROWS, *options)
    assert found.code == 2
    assert found.err.splitlines()[-1] == f"Error: {said}"


@pytest.mark.parametrize(
    ("option", "column", "why"),
    [
        ("user", "row", "it has 2,000 values in 2,000 of 2,000 rows (first: log.csv, row 0)"),
        ("user", "same", "it is 'x' in 2,000 of 2,000 rows (first: log.csv, row 0)"),
        ("scenario", "gaps", "it is empty in 2 of 2,000 rows (first: log.csv, row 5)"),
        ("time", "price", "its value is no time in 2,000 of 2,000 rows (first: log.csv, row 0)"),
        ("label", "page", "its values are texts ("),
        ("label", "ones", "it is positive in every row that has it"),
    ],
)
def test_a_named_column_that_does_not_fit_is_refused(tmp_path, option, column, why):
    rows = ROWS.assign(
        row=np.arange(2_000), same="x", ones=1,
        gaps=ROWS.page.where(np.arange(2_000) % 1_000 != 5),
    )  # fmt: skip
    found = infer(tmp_path, rows, f"--{option}", column)
    assert found.code == 4
    role = "a label" if option == "label" else f"the {option}"
    assert found.err.startswith(f"bad data: --{option} '{column}' can't be {role}: {why}")


def test_choices_of_the_python_function_raise():
    with pytest.raises(ChoiceError, match="'x' is named by --user and by --label"):
        Choices(user="x", labels=("x",)).check()
    with pytest.raises(ChoiceError, match="--scenario 'pag' is no column; did you mean 'page'"):
        Choices(scenario="pag").check_columns(["page", "user"])
    Choices("none", "none", "none").check()
