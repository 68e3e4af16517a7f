import pandas as pd
import pyarrow.parquet as pq
import pytest

from common.errors import BadDataError
from data.adapters import movielens, recbole_wheel
from data.adapters.movielens import MovielensConfig
from schemas.contract import load_contract

INTER = """user_id:token\titem_id:token\trating:float\ttimestamp:float
1\t10\t3\t881250949
2\t11\t4\t881250950.0
3\t12\t5.0\t891717742
3\t10\t1\t891717742
"""
USER = """user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token
1\t24\tM\ttechnician\t85711
2\t25\tF\tnone\t04043
3\t35\tM\tother\tT8H1N
"""
ITEM = """item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq
10\t"Toy" Story\t1995\tAnimation Children's Comedy
11\tNA\tV\tThriller
12\tunknown\tunkonwn\tunknown
"""


@pytest.fixture
def write(tmp_path):
    """Writes the three files, with one text of one of them replaced, and returns their folder."""

    def write_files(kind=None, old="", new=""):
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        for name, text in {"inter": INTER, "user": USER, "item": ITEM}.items():
            if name == kind:
                assert old in text
                text = text.replace(old, new)
            (source / f"ml-100k.{name}").write_text(text)
        return source

    return write_files


def test_columns_are_the_schemas(write):
    table = movielens.read(write())
    assert table.column_names == [x.name for x in load_contract(movielens.SCHEMA).columns]


def test_rows_by_hand(write):
    rows = movielens.read(write()).to_pylist()
    assert rows[0] == {
        "scenario": "age_under_25",
        "timestamp": 881250949,
        "user_id": 1,
        "item_id": 10,
        "age_range": "18-24",
        "gender": "M",
        "occupation": "technician",
        "zip_prefix": "857",
        "release_year": 1995,
        "genre": "Animation",
        "genres": "Animation Children's Comedy",
        "genre_count": 3,
        "hour": 15,  # 1997-12-04 15:55:49 UTC, a Thursday.
        "weekday": 3,
        "click": 0,
        "like": 0,
    }
    assert [x["scenario"] for x in rows[1:]] == ["age_25_to_34", *["age_35_and_over"] * 2]
    assert [x["age_range"] for x in rows[1:]] == ["25-34", "35-44", "35-44"]
    assert [x["click"] for x in rows] == [0, 1, 1, 0]
    assert [x["like"] for x in rows] == [0, 0, 1, 0]
    assert [x["release_year"] for x in rows] == [1995, None, None, 1995]
    assert [x["zip_prefix"] for x in rows] == ["857", "040", "T8H", "T8H"]
    assert [x["occupation"] for x in rows] == ["technician", "none", "other", "other"]
    assert [x["genre"] for x in rows] == ["Animation", "Thriller", "unknown", "Animation"]


@pytest.mark.parametrize(
    ("age", "scenario", "age_range"),
    [
        (7, "age_under_25", "under 18"),
        (17, "age_under_25", "under 18"),
        (18, "age_under_25", "18-24"),
        (34, "age_25_to_34", "25-34"),
        (44, "age_35_and_over", "35-44"),
        (45, "age_35_and_over", "45-49"),
        (50, "age_35_and_over", "50-55"),
        (73, "age_35_and_over", "56+"),
    ],
)
def test_ages_at_the_edges(write, age, scenario, age_range):
    row = movielens.read(write("user", "1\t24", f"1\t{age}")).to_pylist()[0]
    assert (row["scenario"], row["age_range"]) == (scenario, age_range)


def test_spans_are_utc_days(write, tmp_path):
    out = tmp_path / "out"
    movielens.write_log(write(), out)
    found = {x.name: pq.read_table(x / "part-00000.parquet").num_rows for x in out.iterdir()}
    assert found == {"span=1997-12-04": 2, "span=1998-04-04": 2}
    with pytest.raises(BadDataError, match="already holds span=1997-12-04"):
        movielens.write_log(tmp_path / "source", out)


def test_a_random_split_lays_out_random_tenths_and_keeps_all_else(write, tmp_path):
    body = "".join(f"{1 + i % 3}\t{10 + i % 3}\t{1 + i % 5}\t{881250949 + i}\n" for i in range(200))
    source = write("inter", INTER.partition("\n")[2], body)
    days = {}
    for seed in (1, 2):
        out = tmp_path / str(seed)
        movielens.write_log(source, out, MovielensConfig(random_split=seed))
        files = sorted(out.glob("span=*/*.parquet"))
        assert [file.parent.name for file in files] == [
            f"span=2000-01-{day:02}" for day in range(1, 11)
        ]
        tables = [pd.read_parquet(file) for file in files]
        assert [len(table) for table in tables] == [20] * 10
        days[seed] = pd.concat(tables)
    assert days[1].timestamp.is_unique
    plain = movielens.read(source).to_pandas()
    again = movielens.read(source, MovielensConfig(random_split=1)).to_pandas()
    # In the file's order all columns but the time are the ratings' own.
    pd.testing.assert_frame_equal(plain.drop(columns="timestamp"), again.drop(columns="timestamp"))
    pd.testing.assert_frame_equal(
        again.sort_values("timestamp").reset_index(drop=True), days[1].reset_index(drop=True)
    )
    # The real time would put the first ratings first.
    first_day = again.timestamp.rank().to_numpy() <= 20
    assert not first_day[:20].all()
    assert days[1].user_id.tolist() != days[2].user_id.tolist()


@pytest.mark.parametrize("kind", ["inter", "user", "item"])
def test_a_missing_file_is_named(write, kind):
    source = write()
    (source / f"ml-100k.{kind}").unlink()
    with pytest.raises(BadDataError, match=rf"source/ml-100k\.{kind} does not exist; give a"):
        movielens.read(source)


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("inter", "rating:float", "stars:float", "inter lacks the column 'rating:float'"),
        ("inter", "5.0\t89", "6\t89", "inter, line 4, column 'rating': got '6'; want a rating"),
        ("inter", "5.0\t89", "0\t89", "line 4, column 'rating': got '0'; want a rating of 1 to 5"),
        ("inter", "5.0\t89", "4.5\t89", "column 'rating': got '4.5'; want a whole number"),
        ("inter", "\t881250950.0", "", "line 3, column 'timestamp': got nothing; want a value"),
        ("inter", "2\t11", "9\t11", "line 3, column 'user_id': got '9'; want one of the user file"),
        ("inter", "2\t11", "2\t19", "line 3, column 'item_id': got '19'; want one of the item"),
        ("inter", "2\t11", "2\tx", "line 3, column 'item_id': got 'x'; want a whole number"),
        ("inter", "881250949\n", "881250949\n\n", "line 3, column 'user_id': got nothing"),
        ("user", "2\t25", "1\t25", "user, line 3, column 'user_id': got '1'; want every user once"),
        ("user", "2\t25", "2\t0", "line 3, column 'age': got '0'; want an age in years"),
        ("user", "\tnone", "\t", "line 3, column 'occupation': got nothing; want a value"),
        ("item", "11\tNA", "10\tNA", "item, line 3, column 'item_id': got '10'; want every item"),
        ("item", "\tV", "\tVI", "line 3, column 'release_year': got 'VI'; want a whole number"),
    ],
)
def test_a_bad_value_is_named_by_file_line_and_column(write, kind, old, new, message):
    with pytest.raises(BadDataError, match=message):
        movielens.read(write(kind, old, new))


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """The real files' folder."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PIP_RETRIES", "1")
            patch.setenv("PIP_DEFAULT_TIMEOUT", "20")
            return recbole_wheel.fetch(tmp_path_factory.mktemp("cache") / "files")
    except recbole_wheel.DownloadError as error:
        pytest.skip(f"the package index can't be reached: {error}")


def test_the_published_data_have_their_counts_and_stay_in_their_domains(published):
    rows = movielens.read(published).to_pandas()
    assert (len(rows), rows.user_id.nunique(), rows.item_id.nunique()) == (100_000, 943, 1_682)
    by_scenario = rows.groupby("scenario")
    assert by_scenario.size().to_dict() == {
        "age_under_25": 26_551,
        "age_25_to_34": 35_444,
        "age_35_and_over": 38_005,
    }
    assert rows[["click", "like"]].sum().tolist() == [55_375, 21_201]
    assert by_scenario.user_id.nunique().tolist() == [310, 399, 234]
    assert by_scenario.click.sum().tolist() == [19_190, 21_948, 14_237]
    assert by_scenario.like.sum().tolist() == [7_092, 8_485, 5_624]
    assert (rows.timestamp.min(), rows.timestamp.max()) == (874_724_710, 893_286_638)
    assert rows.genres.nunique() == 216
    for column in load_contract(movielens.SCHEMA).columns:
        values = rows[column.name]
        assert values.notna().all() or not column.required, column.name
        if column.values:
            assert set(values) == set(column.values), column.name
        if column.int_range:
            assert (values.min(), values.max()) == column.int_range, column.name
