import csv
import dataclasses
import json
import math

import pytest
from made_trials import result

from cli.compare.files import comparison_document, write_comparison_csv, write_summary_csv
from cli.compare.plan import make_comparison
from cli.compare.plot import plot_differences
from cli.compare.report import cell_text, report
from cli.compare.summary import summarise_cells, summarise_models
from pipeline.config_files import load_config
from pipeline.presets import preset_path


def results(seeds):
    gains = [0.010, 0.011, 0.012]
    plain = [result("shared_bottom", seed, 0.6 + seed / 100, 0.7) for seed in range(seeds)]
    mmoe = [result("mmoe", s, 0.6 + s / 100 + gains[s], 0.7) for s in range(seeds)]
    return [*plain, *mmoe]


def made(seeds):
    comparison = make_comparison(
        load_config(preset_path("synthetic")), ["shared_bottom", "mmoe"], [], seeds
    )
    found = results(seeds)
    return comparison, summarise_cells(found, "shared_bottom"), summarise_models(found), found


def text_of(cells, model, scenario):
    return next(
        cell_text(x) for x in cells if (x.model, *x.cell) == (model, "click", scenario, "auc")
    )


def test_a_cell_says_mean_interval_difference_and_whether_it_counts():
    _, cells, _, _ = made(3)
    # sd 0.01 of three: t(0.975; 2) = 4.302653; the differences' sd is 0.001.
    assert text_of(cells, "shared_bottom", "home") == "0.6100 ± 0.0248"
    assert text_of(cells, "mmoe", "home") == "**0.6210 ± 0.0273** (Δ +0.0110 ± 0.0025 *)"
    assert text_of(cells, "mmoe", "cart").endswith("≈ (Δ +0.0000 ± 0.0000)")
    assert text_of(cells, "mmoe", "none") == "-"


def test_the_report_has_a_table_an_output_and_metric():
    comparison, cells, models, _ = made(3)
    text = report(comparison, cells, models, {"train": 5000, "eval": 1000}, [])
    assert "Mean over 3 seeds" in text and "train 5,000" in text
    header = "| scenario | positives | negatives | users | shared_bottom | mmoe |"
    assert text.count(header) == 3
    assert "| home | 100 | 900 | 50 | 0.6100 ± 0.0248 | **0.6210 ± 0.0273** (Δ" in text
    assert "| tiny † | 29 |" in text


def test_without_users_there_is_no_gauc_and_the_report_says_so():
    comparison, cells, models, _ = made(3)
    assert "No GAUC" not in report(comparison, cells, models, {}, [])
    userless = [dataclasses.replace(cell, users=0) for cell in cells]
    text = report(comparison, userless, models, {}, [])
    told = "No GAUC: the schema has no user_id, or no user has rows of both classes."
    assert told in text.splitlines()
    assert "GAUC of click" not in text and "mean GAUC" not in text and "AUC of click" in text


def test_a_scenario_called_all_has_a_row_of_its_own():
    comparison, _, models, found = made(3)
    for trial in found:
        scenarios = trial.metrics["eval"]["click"]
        scenarios["all"], scenarios["a|b*"] = scenarios.pop("home"), scenarios.pop("cart")
    cells = summarise_cells(found, "shared_bottom")
    text = report(comparison, cells, models, {}, [])
    table = text.split("### AUC of click")[1].split("###")[0]
    names = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")][2:]
    assert names == [
        "| **all scenarios**",
        "| tiny †",
        "| none †",
        "| all",
        r"| a\|b\*",
    ]
    document = comparison_document(comparison.document(), cells, models, found)
    assert document["format"] == 2
    assert [c["scenario"] for c in document["cells"][3:9:3]] == ["*", "tiny"]


def test_one_seed_is_said_to_be_one():
    comparison, cells, models, _ = made(1)
    text = report(comparison, cells, models, {}, ["mmoe, seed 1: exit status 1: no (x.log)"])
    assert "**One seed: no intervals and no tests.**" in text
    assert "±" not in text.split("## Models")[1] and " *)" not in text
    assert "- mmoe, seed 1: exit status 1: no (x.log)" in text


def test_the_long_file_has_a_row_a_seed(tmp_path):
    _, cells, _, found = made(3)
    path = tmp_path / "comparison.csv"
    write_comparison_csv(path, cells)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    # 2 models x 3 seeds x 3 metrics x (5 scenarios and the mean)
    assert len(rows) == 2 * 3 * 3 * 6
    (row,) = [
        row
        for row in rows
        if (row["model"], row["scenario"], row["metric"], row["seed"])
        == ("mmoe", "home", "auc", "1")
    ]
    assert float(row["value"]) == found[4].metrics["eval"]["click"]["home"]["auc"]
    assert {row["value"] for row in rows if row["scenario"] == "none"} == {""}


def test_the_summary_has_a_row_a_cell(tmp_path):
    _, cells, _, _ = made(3)
    path = tmp_path / "summary.csv"
    write_summary_csv(path, cells)
    with path.open() as file:
        rows = {(r["model"], r["scenario"], r["metric"]): r for r in csv.DictReader(file)}
    home = rows["mmoe", "home", "auc"]
    assert float(home["difference"]) == pytest.approx(0.011)
    assert float(home["p_holm"]) == pytest.approx(3 * float(home["p_paired_t"]))
    assert (home["standing"], home["tested"]) == ("best", "True")
    assert rows["shared_bottom", "home", "auc"]["difference"] == ""


def test_the_document_is_strict_json():
    comparison, cells, models, found = made(2)
    document = comparison_document(comparison.document(), cells, models, found)
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text)["costs"]["mmoe"]["seconds"] == 10.5
    none = [c for c in document["cells"] if c["scenario"] == "none"]
    assert all(cell["mean"] is None for cell in none)
    assert math.isfinite(document["cells"][0]["mean"])


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_plot_is_a_picture(tmp_path, seeds):
    _, cells, _, _ = made(seeds)
    path = tmp_path / "comparison.png"
    plot_differences(path, cells, "shared_bottom")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_one_model_alone_has_nothing_to_compare_with(tmp_path):
    found = [result("mmoe", seed, 0.6, 0.7) for seed in range(2)]
    cells = summarise_cells(found, "mmoe")
    plot_differences(tmp_path / "comparison.png", cells, "mmoe")
    assert text_of(cells, "mmoe", "home") == "**0.6000 ± 0.0000**"
