import pandas as pd
import pyarrow.parquet as pq
import pytest

from common.errors import BadDataError
from data.adapters import kuairand
from schemas.contract import load_contract


@pytest.fixture
def log():
    """Three impressions of two users, the second of them twice."""
    columns = "user_id video_id date hourmin time_ms duration_ms is_click long_view is_comment "
    columns += "is_profile_enter play_time_ms"
    rows = [
        [1, 70, 20220410, 1700, 1649581149287, 12_000, 1, 1, 0, 0, 13_000],
        [2, 71, 20220411, 100, 1649609999999, 0, 1, 0, 0, 1, 90],
        [2, 71, 20220411, 100, 1649609999999, 0, 1, 0, 0, 1, 90],
        [2, 70, 20220417, 2300, 1650207600000, 300_001, 0, 1, 1, 0, 5],
    ]
    return pd.DataFrame(rows, columns=columns.split())


@pytest.fixture
def users():
    rows = {"user_id": [1, 2], "user_active_degree": ["high_active", "2_14_day_new"]}
    rows |= {"is_lowactive_period": [0, 1], "is_live_streamer": [-124, 1]}
    rows |= {"is_video_author": [1, 0], "follow_user_num_range": ["0", "500+"]}
    rows |= {"fans_user_num_range": ["0", "0"], "friend_user_num_range": ["[1,5)", "250+"]}
    rows |= {"register_days_range": ["730+", "15-30"]}
    rows |= {f"onehot_feat{i}": [i % 2, 0] for i in range(18)}
    rows["onehot_feat4"] = [None, 3.0]
    return pd.DataFrame(rows)


@pytest.fixture
def write(tmp_path, log, users):
    def write_files(log=log, users=users):
        log.to_csv(tmp_path / "log_standard_4_08_to_4_21_pure.csv", index=False)
        users.to_csv(tmp_path / "user_features_pure.csv.gz", index=False)
        return tmp_path

    return write_files


def test_columns_are_the_schemas(write):
    table = kuairand.read(write())
    assert table.column_names == [x.name for x in load_contract(kuairand.SCHEMA).columns]


def test_rows_by_hand(write):
    rows = kuairand.read(write()).to_pylist()
    assert len(rows) == 3
    first, second, third = rows
    assert {name: first[name] for name in ("scenario", "user_id", "video_id", "time_ms")} == {
        "scenario": "high_active",
        "user_id": 1,
        "video_id": 70,
        "time_ms": 1649581149287,
    }
    assert [x["scenario"] for x in rows] == ["high_active", "other", "other"]
    assert [x["duration_bucket"] for x in rows] == [2, 0, 8]
    assert [x["hour"] for x in rows] == [17, 1, 23]
    assert [x["weekday"] for x in rows] == [6, 0, 6]  # 2022-04-10 is a Sunday.
    assert [x["click"] for x in rows] == [1, 1, 0]
    assert [x["action"] for x in rows] == [0, 1, 0]
    assert [x["conversion"] for x in rows] == [1, 0, 0]
    assert [x["is_live_streamer"] for x in rows] == [None, 1, 1]
    assert [x["onehot_feat4"] for x in rows] == [None, 3, 3]
    assert [x["fans_user_num_range"] for x in rows] == ["0", "0", "0"]
    assert [x["onehot_feat17"] for x in rows] == [1, 0, 0]


def test_spans_are_utc_days(write, tmp_path):
    out = tmp_path / "out"
    kuairand.write_log(write(), out)
    found = {x.name: pq.read_table(x / "part-00000.parquet").num_rows for x in out.iterdir()}
    assert found == {"span=2022-04-10": 2, "span=2022-04-17": 1}
    with pytest.raises(BadDataError, match="already holds span=2022-04-10"):
        kuairand.write_log(tmp_path, out)


def test_all_log_files_are_read_and_duplicates_across_them_dropped(write, log):
    source = write()
    log.iloc[[0]].to_csv(source / "log_standard_4_22_to_5_08_pure.csv.gz", index=False)
    assert kuairand.read(source).num_rows == 3


def test_a_missing_duration_is_unknown(write, log):
    log["duration_ms"] = log["duration_ms"].astype(float)
    log.loc[0, "duration_ms"] = None
    assert kuairand.read(write(log))["duration_bucket"].to_pylist() == [0, 0, 8]


def test_a_missing_file_is_named(write):
    source = write()
    (source / "user_features_pure.csv.gz").unlink()
    with pytest.raises(BadDataError, match=r"holds no user_features\*.csv"):
        kuairand.read(source)
    with pytest.raises(BadDataError, match=r"nowhere holds no log_standard\*.csv"):
        kuairand.read(source / "nowhere")


def test_a_missing_column_is_named_with_the_nearest(write, log):
    with pytest.raises(BadDataError, match="lacks the column 'is_click'; did you mean 'isclick'"):
        kuairand.read(write(log.rename(columns={"is_click": "isclick"})))


def test_a_file_that_is_no_csv_is_named(write):
    source = write()
    (source / "user_features_pure.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(BadDataError, match="user_features_pure.csv.gz can't be read as CSV"):
        kuairand.read(source)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("is_click", 2, "line 3, column 'is_click': got '2'; want 0 or 1"),
        ("video_id", 7.5, "line 3, column 'video_id': got '7.5'; want a whole number"),
        ("time_ms", None, "line 3, column 'time_ms': got nothing; want a whole number"),
        ("date", 20221345, "line 3, column 'date': got '20221345'; want a date"),
        ("user_id", 9, "line 3, column 'user_id': got '9'; want a user of the user table"),
    ],
)
def test_a_bad_value_is_named_by_file_line_and_column(write, log, column, value, message):
    log[column] = log[column].astype(object)
    log.loc[1, column] = value
    with pytest.raises(BadDataError, match=f"log_standard_4_08_to_4_21_pure.csv, {message}"):
        kuairand.read(write(log))


def test_a_user_twice_is_refused(write, users):
    with pytest.raises(BadDataError, match="line 4, column 'user_id': got '1'; want every user"):
        kuairand.read(write(users=pd.concat([users, users.iloc[[0]]])))


def test_the_excerpt_has_its_counts_and_stays_in_its_domains(kuairand_excerpt):
    rows = kuairand.read(kuairand_excerpt).to_pandas()
    assert len(rows) == 41_828 - 116
    assert rows.scenario.value_counts().to_dict() == {
        "full_active": 27_466,
        "high_active": 9_103,
        "middle_active": 3_597,
        "other": 1_546,
    }
    assert rows[["click", "action", "conversion"]].sum().tolist() == [27_447, 3_115, 19_067]
    assert (rows.duration_bucket == 0).sum() == 7_731
    for column in load_contract(kuairand.SCHEMA).columns:
        values = rows[column.name]
        assert values.notna().all() or not column.required, column.name
        if column.values:
            assert set(values) <= set(column.values), column.name
        if column.int_range:
            assert values.dropna().between(*column.int_range).all(), column.name
