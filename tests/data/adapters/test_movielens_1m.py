import pytest

from common.errors import BadDataError
from data.adapters import movielens_1m
from schemas.contract import load_contract

RATINGS = """1::1193::5::978300760
1::661::3::978302109
2::1193::4::978298413
3::914::1::978301968
"""
USERS = """1::F::1::10::48067
2::M::25::16::70072
3::M::56::0::55117-1234
"""
MOVIES = """661::James and the Giant Peach (1996)::Animation|Children's|Musical
914::My Fair Lady: a "Musical" (1964)::Musical|Romance
1193::Caf\xe9 au Lait (1993)::Comedy
"""


@pytest.fixture
def write(tmp_path):
    """Writes the three files, with one text of one of them replaced, and returns their folder."""

    def write_files(kind=None, old="", new=""):
        for name, text in {"ratings": RATINGS, "users": USERS, "movies": MOVIES}.items():
            if name == kind:
                assert old in text
                text = text.replace(old, new)
            (tmp_path / f"{name}.dat").write_text(text, encoding="latin-1")
        return tmp_path

    return write_files


def test_rows_by_hand(write):
    table = movielens_1m.read(write(), seed=2021)
    assert table.column_names == [x.name for x in load_contract(movielens_1m.SCHEMA).columns]
    rows = table.to_pylist()
    assert {name: value for name, value in rows[0].items() if name != "timestamp"} == {
        "scenario": "age_under_25",
        "user_id": 1,
        "movie_id": 1193,
        "gender": "F",
        "age_range": "under 18",
        "occupation": 10,
        "zip_code": "48067",
        "genre": "Comedy",
        "click": 1,
        "like": 1,
    }
    assert [x["scenario"] for x in rows[1:]] == ["age_under_25", "age_25_to_34", "age_35_and_over"]
    assert [x["genre"] for x in rows[1:]] == ["Animation", "Comedy", "Musical"]
    assert [x["age_range"] for x in rows[1:]] == ["under 18", "25-34", "56+"]
    assert [(x["click"], x["like"]) for x in rows] == [(1, 1), (0, 0), (1, 0), (0, 0)]
    # The rating's own time is not used: 2000-01-01 and nine days more.
    assert sorted(x["timestamp"] - 946_684_800 for x in rows) == [0, 216_000, 432_000, 648_000]


@pytest.mark.parametrize(
    ("age", "scenario"),
    [(1, 0), (18, 0), (25, 1), (35, 2), (45, 2), (50, 2), (56, 2)],
)
def test_scenarios_are_the_published_age_groups(write, age, scenario):
    source = write("users", "::25::", f"::{age}::")
    names = load_contract(movielens_1m.SCHEMA).scenarios
    assert movielens_1m.read(source, 0)["scenario"][2].as_py() == names[scenario]


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("ratings", "::4::", "::6::", "line 3, column 'rating': got '6'; want a rating of 1 to 5"),
        ("ratings", "914", "915", "line 4, column 'movie_id': got '915'; want one of the movie"),
        ("users", "::25::", "::26::", "line 2, column 'age': got '26'; want one of 1, 18, 25"),
        ("users", "::10::48067", "::10", "line 1, column 'zip_code': got nothing; want a value"),
        ("movies", "914::", "661::", "line 2, column 'movie_id': got '661'; want every movie once"),
    ],
)
def test_a_bad_value_is_named_by_file_line_and_column(write, kind, old, new, message):
    with pytest.raises(BadDataError, match=f"{kind}.dat, {message}"):
        movielens_1m.read(write(kind, old, new), seed=0)


def test_a_missing_file_is_named(write):
    source = write()
    (source / "users.dat").unlink()
    with pytest.raises(BadDataError, match=r"users\.dat does not exist; give the folder"):
        movielens_1m.read(source, seed=0)
