"""The files and the terminal's lines of a study of transfer."""

import csv
import io
import json

import pytest
from made_transfer import matrix

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.compare.plan import make_comparison
from cli.compare.transfer.study import conclude_transfer
from pipeline.config_files import load_config
from pipeline.presets import preset_path

ROWS = {"train": {"home": 900, "cart": 90, "tiny": 10}, "eval": {"home": 90, "cart": 9, "tiny": 1}}


def write(found, out, failures=()):
    config = load_config(preset_path("synthetic"))
    comparison = make_comparison(config, ["mmoe"], [], len(found.seeds))
    stream = io.StringIO()
    with Progress(console_on(stream), seconds=600) as progress:
        result = conclude_transfer(comparison, found, ROWS, failures, out, progress)
    return result, stream.getvalue()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("transfer")
    found = matrix([0.65, 0.661, 0.67], [0.7, 0.7001, 0.6999])
    return *write(found, out), out


def test_the_report_has_a_matrix_for_the_mean_and_each_output(written):
    result, _, out = written
    text = (out / "transfer.md").read_text()
    assert "# Transfer between scenarios: mmoe" in text
    assert "**One model for all has a price: cart loses by it" in text
    lines = [line for line in text.splitlines() if line.startswith("| home ")]
    assert lines[0] == lines[1]
    assert lines[0].split(" | ")[1:] == [
        "0.7100 ± 0.0248",
        "+0.0497 ± 0.0014 *",
        "(+0.1010 ± 0.0025 *)",
        "+0.0133 ± 0.0143",
        "- |",
    ]
    assert lines[2] == "| home | 900 | 90 |"
    assert "| tiny † | 0.9000 ± 0.0000 | - | +0.0000 ± 0.0000 |" in text
    assert result.exit_code == 0


def test_the_csv_has_a_line_a_gain(written):
    *_, out = written
    with (out / "transfer.csv").open() as file:
        rows = {(r["output"], r["scenario"], r["source"]): r for r in csv.DictReader(file)}
    assert len(rows) == 2 * (3 * 2 + 2)
    row = rows["click", "home", "cart"]
    assert float(row["gain"]) == pytest.approx(0.04 / 3)
    assert (row["kind"], row["significant"], row["tested"], row["seeds"]) == (
        "other",
        "False",
        "True",
        "3",
    )
    assert rows["click", "tiny", "home"]["p_holm"] == ""
    assert rows["click", "cart", ""]["kind"] == "others"


def test_the_json_is_what_is_returned(written):
    result, _, out = written
    document = json.loads((out / "transfer.json").read_text())
    assert document == result.document
    assert document["rows"] == {"train": 1000, "eval": 100}
    assert document["conclusion"].startswith("One model for all has a price")
    assert set(document["advice"]) == {"home", "cart", "tiny"}
    values = [
        x["values"]
        for x in document["gains"]
        if (x["output"], x["scenario"], x["source"]) == ("click", "home", "cart")
    ]
    assert values == [pytest.approx({"0": 0.02, "1": 0.01, "2": 0.01})]


def test_the_plot_is_a_picture(written):
    *_, out = written
    assert (out / "transfer.png").read_bytes().startswith(b"\x89PNG")


def test_the_terminal_shows_the_matrix_and_the_advice(written):
    _, lines, out = written
    assert "from cart" in lines and "(+0.1010 ± 0.0025 *)" in lines
    assert "cart: It is better off alone" in lines
    assert lines.splitlines()[-1] == f"compared: {out}/transfer.md"


def test_failed_trials_are_named(tmp_path):
    found = matrix([0.65], [0.7])
    result, lines = write(found, tmp_path, ["without tiny, seed 0: it broke (LOG)"])
    assert result.exit_code == 1 and result.document["status"] == "failed trials"
    assert "- without tiny, seed 0: it broke (LOG)" in (tmp_path / "transfer.md").read_text()
    assert lines.splitlines()[-1] == f"failed: 1 trials; the rest: {tmp_path}/transfer.md"
    assert "**One seed: no intervals and no tests.**" in (tmp_path / "transfer.md").read_text()
