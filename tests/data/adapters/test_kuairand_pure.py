import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format

from common.errors import BadDataError
from data.adapters import kuairand_pure
from data.adapters.published import PROTOCOLS, PublishedConfig, write_log
from schemas.contract import load_contract, load_schema

CONTRACT = load_contract(kuairand_pure.SCHEMA)


def _log(rows):
    frame = pd.DataFrame(rows, columns=["user_id", "video_id", "tab", "is_click", "long_view"])
    return frame.assign(date=20220410, hourmin=1700, time_ms=1649581149287, is_rand=0)


@pytest.fixture
def files():
    """The six files by name: three users, two videos, one of them without statistics."""
    users = {"user_id": [1, 2, 3], "user_active_degree": ["full_active", "UNKNOWN", "new"]}
    users |= {"is_lowactive_period": 0, "is_live_streamer": [-124, 0, 1], "is_video_author": 1}
    for name in ("follow_user_num", "fans_user_num", "friend_user_num", "register_days"):
        users[name] = [5, 0, 7]
        users["register_days_range" if name == "register_days" else f"{name}_range"] = "0"
    users |= {f"onehot_feat{i}": i for i in range(18)}
    basic = {"video_id": [70, 71], "author_id": [8, 9], "video_type": ["NORMAL", "AD"]}
    basic |= {"upload_dt": "2022-04-01", "upload_type": "ShortImport", "visible_status": [0, None]}
    basic |= {"video_duration": [1000.5, None], "server_width": 720, "server_height": 1280}
    basic |= {"music_id": 3, "music_type": [9, None], "tag": ["12,65", None]}
    names = [column.name for column in CONTRACT.features]
    statistics = {"video_id": [70]} | {name: [0.5] for name in names[names.index("counts") :]}
    statistics["follow_user_num"] = statistics.pop("video_follow_user_num")
    return {
        "log_standard_4_08_to_4_21_pure": _log([[1, 70, 1, 1, 1], [2, 71, 0, 0, 1]]),
        "log_standard_4_22_to_5_08_pure": _log([[1, 70, 1, 1, 1], [3, 70, 2, 1, 0]]),
        "log_random_4_22_to_5_08_pure": _log([[3, 71, 4, 0, 0]]),
        "user_features_pure": pd.DataFrame(users),
        "video_features_basic_pure": pd.DataFrame(basic),
        "video_features_statistic_pure": pd.DataFrame(statistics),
    }


@pytest.fixture
def write(tmp_path, files):
    def write_files():
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        for name, frame in files.items():
            frame.to_csv(source / f"{name}.csv", index=False)
        return source

    return write_files


def test_three_logs_are_one_and_other_tabs_are_dropped(write):
    table = kuairand_pure.read(write(), seed=2021)
    assert table.column_names == [column.name for column in CONTRACT.columns]
    rows = table.to_pylist()
    assert [(x["user_id"], x["video_id"], x["scenario"]) for x in rows] == [
        (1, 70, "tab_1"),
        (2, 71, "tab_0"),
        (1, 70, "tab_1"),  # A duplicate stays.
        (3, 71, "tab_4"),
    ]
    # A long view without a click is legal.
    assert [(x["click"], x["long_view"]) for x in rows] == [(1, 1), (0, 1), (1, 1), (0, 0)]
    assert all(label.parent is None for label in CONTRACT.tasks.labels)


def test_features_of_all_three_tables(write):
    first, second, _, last = kuairand_pure.read(write(), seed=2021).to_pylist()
    assert [x["is_live_streamer"] for x in (first, second, last)] == [None, 0, 1]
    assert [x["register_days"] for x in (first, second, last)] == [5, 0, 7]
    assert (first["onehot_feat17"], first["author_id"], first["tag"]) == (17, 8, "12,65")
    assert (first["video_duration"], second["video_duration"]) == (1000.5, None)
    assert (second["visible_status"], second["music_type"], second["tag"]) == (None,) * 3
    assert (first["follow_user_num"], first["video_follow_user_num"]) == (5, 0.5)
    assert (second["follow_user_num"], second["video_follow_user_num"]) == (0, None)
    assert (first["outsite_share_all_cnt"], second["outsite_share_all_cnt"]) == (0.5, None)


def test_the_order_of_the_schema_does_not_matter(write, tmp_path, monkeypatch):
    source = write()
    rows = kuairand_pure.read(source, seed=2021).to_pylist()
    schema = load_schema(kuairand_pure.SCHEMA)
    turned = list(schema.feature)[::-1]
    del schema.feature[:]
    schema.feature.extend(turned)
    (tmp_path / "schema.pbtxt").write_text(text_format.MessageToString(schema))
    monkeypatch.setattr(kuairand_pure, "SCHEMA", tmp_path / "schema.pbtxt")
    table = kuairand_pure.read(source, seed=2021)
    assert table.column_names == [x.name for x in CONTRACT.columns][::-1]
    assert table.to_pylist() == rows


def test_a_random_tenth_of_the_rows_falls_on_each_of_ten_days(write, files, tmp_path):
    files["log_random_4_22_to_5_08_pure"] = _log([[1, 70, 4, 0, 0]] * 37)
    source = write()
    write_log("kuairand_pure", source, tmp_path / "log", PublishedConfig(seed=1))
    spans = sorted((tmp_path / "log").iterdir())
    rows = [pq.read_table(span / "part-00000.parquet").num_rows for span in spans]
    assert [span.name for span in spans] == [f"span=2000-01-{day:02}" for day in range(1, 11)]
    assert rows == [4] * 10
    times = [np.array(kuairand_pure.read(source, seed).column("timestamp")) for seed in (1, 1, 2)]
    assert len(set(times[0])) == 40
    assert (times[0] == times[1]).all() and (times[0] != times[2]).any()


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        ("log_random_4_22_to_5_08_pure", "video_id", 72, "want a video of the video table"),
        ("log_standard_4_22_to_5_08_pure", "long_view", 2, "line 2, column 'long_view': got '2'"),
        ("video_features_statistic_pure", "show_cnt", "many", "got 'many'; want a finite number"),
        ("user_features_pure", "user_id", 2, r"line 3, column 'user_id': got '2'; want every user"),
    ],
)
def test_a_bad_value_is_named(write, files, name, column, value, message):
    files[name][column] = files[name][column].astype(object)
    files[name].loc[0, column] = value
    with pytest.raises(BadDataError, match=f"{name}.csv, .*{message}"):
        kuairand_pure.read(write(), seed=0)


def test_a_missing_file_or_column_is_named(write, files):
    source = write()
    (source / "log_random_4_22_to_5_08_pure.csv").unlink()
    with pytest.raises(BadDataError, match=r"holds no log_random_4_22_to_5_08\*.csv"):
        kuairand_pure.read(source, seed=0)
    files["video_features_basic_pure"] = files["video_features_basic_pure"].drop(columns="tag")
    with pytest.raises(BadDataError, match="video_features_basic_pure.csv lacks the column 'tag'"):
        kuairand_pure.read(write(), seed=0)


def test_every_protocol_has_its_schema():
    assert {name: p.schema.parent.name for name, p in PROTOCOLS.items()} == {
        name: name for name in PROTOCOLS
    }
