"""`polyrank` in this process, and what `schema infer` makes of a small log."""

import contextlib
import dataclasses
import io
import pathlib
import sys
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cli.main import main
from schemas.contract import load_contract

DAY_ONE = 1_772_323_200  # 2026-03-01T00:00:00Z


def logged(rows=3_000, users=200, items=80):
    """A log of three days; `buy` implies `click`, the user decides `user_group`."""
    rng = np.random.default_rng(7)
    user, item = rng.integers(0, users, rows), rng.integers(0, items, rows)
    click = rng.random(rows) < 1 / (1 + np.exp(1 - rng.normal(0, 0.8, items)[item]))
    return pd.DataFrame(
        {
            "timestamp": DAY_ONE + np.arange(rows) * 3 * 86_400 // rows,
            "page": rng.choice(["start", "search", "basket"], rows, p=[0.6, 0.3, 0.1]),
            "user_id": user,
            "user_group": user % 5,
            "item_id": item,
            "item_kind": item % 8,
            "price": np.round(5 + 40 * rng.random(items), 2)[item],
            "click": click.astype(int),
            "buy": (click & (rng.random(rows) < 0.4)).astype(int),
        }
    )


def some_rows(rows, every=1_000, first=5):
    """Bool [N]: rows 5, 1005, 2005 and so on."""
    return np.arange(len(rows)) % every == first


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status and what it wrote."""

    code: int
    out: str
    err: str


def polyrank(*words):
    """Runs a command as the shell would."""
    out, err = io.StringIO(), io.StringIO()
    words = ["polyrank", *map(str, words)]
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    return Ended(code, out.getvalue(), err.getvalue())


@dataclasses.dataclass(frozen=True)
class Inferred(Ended):
    """What `schema infer` made of a log in `folder`."""

    folder: pathlib.Path

    @property
    def schema(self):
        """The file that it was to write."""
        return self.folder / "schema.pbtxt"

    @property
    def contract(self):
        assert self.code == 0, self.err
        return load_contract(self.schema)

    @property
    def text(self):
        """The proposed schema, the breaks of its comments taken out."""
        return self.schema.read_text().replace("\n# ", " ")

    def line(self, start):
        """The one line of the terminal that starts so."""
        (line,) = [x for x in self.out.splitlines() if x.startswith(start)]
        return line

    def lines(self, start):
        return [x for x in self.out.splitlines() if x.startswith(start)]

    def check(self):
        """Writes the spans and holds them against the schema; returns what was said."""
        source = next(self.folder.glob("log.*"))
        spans = self.folder / "spans"
        words = ("--schema", self.schema)
        wrote = polyrank("data", "spans", "--source", source, "--out", spans, *words)
        assert wrote.code == 0, wrote.err
        checked = polyrank("schema", "check", "--data", spans, *words)
        assert (checked.code, checked.err) == (0, ""), checked.err
        return checked.out


def infer(folder, rows, *options, name="log.csv"):
    """Writes a log (a DataFrame or an Arrow table) to `name`, and proposes its schema."""
    path = folder / name
    if isinstance(rows, pa.Table):
        pq.write_table(rows, path)
    elif path.suffix == ".parquet":
        rows.to_parquet(path, index=False)
    else:
        rows.to_csv(path, index=False)
    out = folder / "schema.pbtxt"
    out.unlink(missing_ok=True)
    ended = polyrank("schema", "infer", "--data", path, "--out", out, *options)
    if ended.code:
        assert not out.exists() and ended.out == ""
    return Inferred(ended.code, ended.out, ended.err, folder)
