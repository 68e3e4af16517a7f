"""`polyrank data spans` and `schema check` on logs without a user, a scenario or a time."""

import dataclasses
import os
import pathlib

import numpy as np
import pandas as pd
import pytest

ROWS = 3_000
ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
SCHEMA = {
    "clicked": f'feature {{ name: "clicked" type: INT {ONE} annotation {{ tag: "label:click" }} }}',
    "shown_at": f'feature {{ name: "shown_at" type: INT {ONE} annotation {{ tag: "timestamp" }} }}',
    "member": f'feature {{ name: "member" type: BYTES {ONE} '
    'annotation { tag: "user_id" tag: "id" } }',
    "page": f'feature {{ name: "page" type: BYTES {ONE} string_domain {{ value: "a" value: "b" }} '
    'annotation { tag: "scenario" } }',
    "offer": f'feature {{ name: "offer" type: BYTES {ONE} annotation {{ tag: "id" }} }}',
}
GUESTS_ALLOWED = SCHEMA["member"].replace(f" {ONE}", "")


def rows(**changes):
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "clicked": (np.arange(ROWS) % 4 == 0).astype(int),
            "shown_at": 1_772_323_200 + np.arange(ROWS) * 28,  # 2026-03-01, all of one day
            "member": [f"m{x}" for x in random.integers(0, 200, ROWS)],
            "page": random.choice(["a", "b"], ROWS),
            "offer": [f"o{x}" for x in random.integers(0, 50, ROWS)],
            **changes,
        }
    )


@dataclasses.dataclass(frozen=True)
class Shop:
    """A folder with files, and the command line in it."""

    folder: pathlib.Path
    preloaded: object

    def write(self, table, *without, **features):
        table.to_csv(self.folder / "shop.csv", index=False)
        kept = {name: text for name, text in {**SCHEMA, **features}.items() if name not in without}
        (self.folder / "schema.pbtxt").write_text("\n".join(kept.values()))
        return self

    def polyrank(self, *words):
        out, err = self.folder / "stdout", self.folder / "stderr"
        status = self.preloaded.start(
            "polyrank.__main__", words, cwd=self.folder, env=dict(os.environ), out=out, err=err
        ).wait()
        return status, out.read_text().splitlines(), err.read_text().splitlines()

    def spans(self, *options):
        words = ("--source", "shop.csv", "--schema", "schema.pbtxt", "--out", "log")
        return self.polyrank("data", "spans", *words, *options)

    def check(self):
        return self.polyrank("schema", "check", "--data", "log", "--schema", "schema.pbtxt")

    def parts(self):
        return sorted(x.relative_to(self.folder).as_posix() for x in self.folder.glob("log/*/*"))


@pytest.fixture
def shop(tmp_path, preloaded):
    return Shop(tmp_path, preloaded)


SEEN = "3,000 rows in 1 file(s), 1 spans, 2026-03-01 to 2026-03-01; 3,000 keep the contract"
CLICKS = "label click: 750 positives (25.00%)"
GOOD = "every row keeps the contract"


def test_a_log_without_user_scenario_and_time_goes_to_the_span_that_is_named(shop):
    shop.write(rows(), "member", "page", "shown_at")
    status, out, err = shop.spans("--span", "2026-03-01")
    assert (status, err) == (0, [])
    assert out[-1].startswith("log: 3,000 rows in 1 spans, 2026-03-01 to 2026-03-01")
    assert shop.parts() == ["log/span=2026-03-01/part-00000.parquet"]
    found = pd.read_parquet(shop.folder / shop.parts()[0])
    wanted = rows()
    assert found.columns.tolist() == ["clicked", "offer"]
    assert found.clicked.tolist() == wanted.clicked.tolist()  # in the file's order
    assert [str(x, "utf-8") if isinstance(x, bytes) else x for x in found.offer] == [*wanted.offer]
    assert shop.check() == (0, [SEEN, CLICKS, GOOD], [])


def test_a_second_delivery_has_to_be_named(shop):
    shop.write(rows(), "shown_at")
    today = pd.Timestamp.now("UTC").date()
    status, out, _ = shop.spans()
    first = shop.parts()
    assert status == 0 and first[0].split("/")[1] >= f"span={today}"
    status, _, err = shop.spans("--overwrite")
    assert (status, shop.parts()) == (1, first)
    assert err == [
        f"error: no column is the timestamp, and log holds {first[0].split('/')[1]} already: name "
        "the day that these rows are of (--span YYYY-MM-DD; adapter option 'span')"
    ]
    assert shop.spans("--span", "2026-02-01")[0] == 0
    assert len(shop.parts()) == 2
    status, _, err = shop.spans("--span", "2026-02-01")
    assert status == 4 and "log already holds span=2026-02-01" in err[-1]


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "20260301", ""])
def test_a_span_is_a_day(shop, text):
    status, _, err = shop.write(rows(), "shown_at").spans("--span", text)
    assert status == 1 and shop.parts() == []
    assert err[-1].endswith(f"'span': '{text}' is no day; write it as YYYY-MM-DD")


def test_a_span_and_a_timestamp_exclude_each_other(shop):
    status, _, err = shop.write(rows()).spans("--span", "2026-03-01")
    assert (status, shop.parts()) == (1, [])
    assert err == [
        "error: a span is given (2026-03-01), but column 'shown_at' is the timestamp, which says "
        "every row's day; leave the span out, or drop the tag"
    ]


SCENARIOS = [f"scenario {x}: {(rows().page == x).sum():,} rows" for x in "ab"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("member", [SEEN, CLICKS, *SCENARIOS, "not in the schema, not read: member", GOOD]),
        ("page", [SEEN, CLICKS, "not in the schema, not read: page", GOOD]),
        ("shown_at", [SEEN, CLICKS, *SCENARIOS, "not in the schema, not read: shown_at", GOOD]),
    ],
)
def test_each_role_may_be_missing(shop, name, wanted):
    shop.write(rows(), name)
    span = shop.folder / "log" / "span=2026-03-01"
    span.mkdir(parents=True)
    (shop.folder / "shop.csv").rename(span / "shop.csv")
    assert shop.check() == (0, wanted, [])


def with_guests():
    table = rows()
    table.loc[np.arange(ROWS) % 5 == 0, "member"] = ""
    return table


def test_guests_are_counted_where_the_user_may_be_missing(shop):
    shop.write(with_guests(), member=GUESTS_ALLOWED)
    assert shop.spans()[0] == 0
    told = "user member: empty in 600 rows (20.0%), which are guests'"
    assert shop.check() == (0, [SEEN, CLICKS, told, *SCENARIOS, GOOD], [])


def test_empty_users_are_refused_where_one_is_required(shop):
    shop.write(with_guests())
    assert shop.spans()[0] == 0
    status, out, err = shop.check()
    assert status == 4
    assert out[0].endswith("; 2,400 keep the contract")
    assert err == [
        "bad data: missing: 600 rows; for one, span=2026-03-01/part-00000.parquet, row 0: column "
        "'member' is None; wanted a value in every row. member is empty in 600 of 3,000 rows: "
        "where these are guests, drop 'presence' and 'shape' from this feature in the schema; else "
        "correct the log"
    ]


REMEDY = (
    "tag the column that tells persons apart, or drop its user_id tag (polyrank schema infer "
    "--user none)"
)


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (
            [f"visit {x}" for x in range(ROWS)],
            "has 3,000 values in 3,000 rows: a value that does not come back is a row's number, "
            "not a person's",
        ),
        ("me", "is the same in all 3,000 rows: one person's rows say nothing of others"),
        ("", "is empty in all 3,000 rows"),
    ],
)
def test_a_user_that_is_none_is_refused_with_the_way_out(shop, member, told):
    shop.write(rows(member=member), member=GUESTS_ALLOWED)
    assert shop.spans()[0] == 0
    status, _, err = shop.check()
    assert status == 4
    assert err == [f"bad data: column 'member' (user_id) {told}; {REMEDY}"]
