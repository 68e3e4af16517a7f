import pandas as pd
import pytest
from click.testing import CliRunner

from cli.commands.data import data
from common.errors import BadDataError
from common.settings import SettingsError


def invoke(*arguments):
    return CliRunner().invoke(data, arguments, catch_exceptions=False)


def test_synthetic_writes_what_it_says(tmp_path):
    out = tmp_path / "log"
    options = ("--rows", "1000", "--days", "2", "--start", "2026-03-01", "--seed", "4")
    result = invoke("synthetic", "--out", str(out), *options, "--world", "users=50")
    assert result.exit_code == 0
    assert f"{out}: 1,000 rows in 2 spans, 2026-03-01 to 2026-03-02" in result.output
    parts = sorted(out.glob("*/*.parquet"))
    rows = pd.concat(pd.read_parquet(part) for part in parts)
    assert (len(rows), rows.user_id.max()) == (1000, 49)


def test_a_nested_knob_reaches_the_world(tmp_path):
    rates = []
    for name, knobs in {"all": (), "few": ("--world", "action_rate=0.01")}.items():
        out = tmp_path / name
        small = ("--rows", "20000", "--days", "1", "--world", "weights.t=0")
        invoke("synthetic", "--out", str(out), *small, *knobs)
        rows = pd.read_parquet(next(out.glob("*/*.parquet")))
        rates.append(rows.true_ctavr.sum() / rows.true_ctr.sum())
    assert rates == pytest.approx([0.3, 0.01], rel=0.1)


def test_an_existing_span_is_refused_unless_overwritten(tmp_path):
    command = ("synthetic", "--out", str(tmp_path), "--rows", "10", "--days", "1")
    assert invoke(*command).exit_code == 0
    with pytest.raises(BadDataError, match="--overwrite"):
        invoke(*command)
    assert invoke(*command, "--overwrite").exit_code == 0


def test_bad_knobs_are_explained(tmp_path):
    with pytest.raises(SettingsError, match="unknown key 'world.selecton'.*'selection'"):
        invoke("synthetic", "--out", str(tmp_path), "--world", "selecton=1")
    with pytest.raises(SettingsError, match="'start' is 'soon'"):
        invoke("synthetic", "--out", str(tmp_path), "--start", "soon")
    with pytest.raises(SettingsError, match="'world.weights'"):
        invoke("synthetic", "--out", str(tmp_path), "--world", "weights=1")
    for wrong in (("seed",), ("weights=1", "--world", "weights.n=2")):
        result = invoke("synthetic", "--out", str(tmp_path), "--world", *wrong)
        assert result.exit_code == 2
        assert "KEY=VALUE" in result.output
    result = invoke("synthetic", "--out", str(tmp_path), "--world", "seed=010")
    assert result.exit_code == 2
    assert "seed=010, line 1, column 1: 010 begins with 0" in result.output


def test_kuairand_needs_its_files(tmp_path):
    with pytest.raises(BadDataError, match=r"holds no log_standard\*.csv"):
        invoke("kuairand", "--source", str(tmp_path), "--out", str(tmp_path / "out"))


def test_movielens_reads_its_files_and_lays_them_out_at_random(tmp_path):
    with pytest.raises(BadDataError, match=r"ml-100k\.inter does not exist"):
        invoke("movielens", "--source", str(tmp_path), "--out", str(tmp_path / "out"))
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    ratings = "".join(f"1\t10\t4\t{881250949 + second}\n" for second in range(20))
    user = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
    item = "item_id:token\trelease_year:token\tclass:token_seq\n10\t1995\tDrama\n"
    (tmp_path / "ml-100k.inter").write_text(header + ratings)
    (tmp_path / "ml-100k.user").write_text(f"{user}1\t24\tM\twriter\t85711\n")
    (tmp_path / "ml-100k.item").write_text(item)
    command = ("movielens", "--source", str(tmp_path), "--out")
    assert "20 rows in 1 spans, 1997-12-04" in invoke(*command, str(tmp_path / "out")).output
    random = invoke(*command, str(tmp_path / "random"), "--random-split", "3").output
    assert "20 rows in 10 spans, 2000-01-01 to 2000-01-10" in random
    with pytest.raises(SettingsError, match="'random_split' is -1"):
        invoke(*command, str(tmp_path / "bad"), "--random-split", "-1")
