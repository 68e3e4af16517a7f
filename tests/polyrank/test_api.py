"""The functions for programs. What they share with commands is tested with those."""

import csv
import pathlib
import random
import shutil
import socket

import numpy as np
import pytest
from city_model import expected_logits, push, save

import polyrank
from common.errors import BadDataError, PolyrankError
from common.settings import SettingsError
from pipeline.outcome import Outcome
from schemas.contract import load_contract
from serving.errors import ServingError

SCHEMA = pathlib.Path(__file__).parents[2] / "schemas" / "synthetic" / "schema.pbtxt"
ROWS = [{"city": "osaka", "age": 2.0, "click": 1}, {"city": "nowhere", "age": 1}]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A CSV log of 600 rows."""
    draw = random.Random(1)
    path = tmp_path_factory.mktemp("log") / "shop.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["shown_at", "page", "user_id", "item_id", "click"])
        for row in range(600):
            page = draw.choice(["home", "search"])
            click = int(draw.random() < 0.2)
            writer.writerow([1_767_225_600 + 60 * row, page, row % 40, draw.randrange(30), click])
    return path


def test_infer_returns_and_writes_a_schema_that_is_a_contract(log, tmp_path, capfd):
    out = tmp_path / "my" / "schema.pbtxt"
    proposal = polyrank.infer(log, out)
    assert out.read_text(encoding="utf-8") == proposal.text
    contract = load_contract(out)
    assert contract.scenario.name == "page"
    assert [output.name for output in contract.tasks.outputs] == ["click"]
    assert "label: click (label:click)" in proposal.summary
    assert capfd.readouterr().out == ""


def test_infer_replaces_a_file_only_when_it_may(log, tmp_path):
    out = tmp_path / "schema.pbtxt"
    out.write_text("mine")
    with pytest.raises(PolyrankError, match="schema.pbtxt exists already"):
        polyrank.infer(str(log), str(out))
    assert out.read_text() == "mine"
    assert polyrank.infer(log, out, overwrite=True).text == out.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [out]


def test_infer_takes_the_roles_that_it_is_given(log):
    proposal = polyrank.infer(log, user="none", scenario="none", labels=["click"])
    assert proposal.summary[0].startswith("time: ")
    assert "scenario: none (all rows are one scenario)" in proposal.summary
    assert "user: none (no GAUC and no interval over users)" in proposal.summary
    with pytest.raises(PolyrankError, match="--label 'clik' is no column; did you mean 'click'"):
        polyrank.infer(log, labels=["clik"])


def test_infer_without_a_file_writes_nothing(log):
    assert polyrank.infer(log).text.startswith("# Proposed from 600 rows of 1 file(s).")
    assert list(log.parent.iterdir()) == [log]
    with pytest.raises(BadDataError, match="none.csv does not exist"):
        polyrank.infer(log.parent / "none.csv")


def test_infer_names_files_that_were_not_read(log, tmp_path):
    shutil.copy(log, tmp_path / "shop.csv")
    (tmp_path / "notes.txt").touch()
    assert "notes.txt" in polyrank.infer(tmp_path).summary[-1]


def test_run_refuses_a_wrong_configuration(tmp_path):
    with pytest.raises(SettingsError, match="unknown preset 'sintetic'; did you mean 'synthetic'"):
        polyrank.run("sintetic", work_dir=tmp_path)
    with pytest.raises(SettingsError, match=r"mine.yaml does not exist"):
        polyrank.run(tmp_path / "mine.yaml", work_dir=tmp_path)
    with pytest.raises(SettingsError, match="unknown key 'modle'"):
        polyrank.run("synthetic", work_dir=tmp_path, overrides=["modle=1"])
    assert list(tmp_path.iterdir()) == []


def test_run_returns_a_failure_with_its_reason_and_prints_nothing(tmp_path, capfd):
    from cli.runs import local  # noqa: F401 - what TFX prints on import is not the run's

    capfd.readouterr()
    (tmp_path / "log").mkdir()
    config = tmp_path / "my.yaml"
    config.write_text("data: {path: log}\nmodel: {name: mmoe}\n")
    result = polyrank.run(config, work_dir=tmp_path / "work", schema=SCHEMA)
    assert result.outcome is Outcome.BAD_DATA
    assert str(tmp_path / "log") in result.reason
    assert "BadDataError" in (result.run_directory / "run.log").read_text()
    assert capfd.readouterr() == ("", "")


def test_compare_refuses_unknown_models_before_any_work(tmp_path):
    with pytest.raises(SettingsError, match="unknown architecture 'mmeo'; did you mean 'mmoe'"):
        polyrank.compare("synthetic", ["mmeo"], work_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory):
    """A work folder with version 7 of the city model."""
    folder = tmp_path_factory.mktemp("work")
    model = save(tmp_path_factory.mktemp("model"), 0.0)
    push(model, folder / "serving" / "cities", 7)
    return folder


def test_serve_answers_as_soon_as_it_returns_and_stops_with_the_block(work_dir):
    with polyrank.serve(work_dir, model_name="cities", port=0) as server:
        scores = polyrank.predict(ROWS, target=server.target, model_name="cities")
    assert sorted(scores) == ["city", "click", "logit"]
    expected = expected_logits(["osaka", "nowhere"], [2.0, 1.0])
    np.testing.assert_array_equal(scores["logit"], expected)
    np.testing.assert_allclose(scores["click"], 1 / (1 + np.exp(-expected)), rtol=1e-6)
    with pytest.raises(ServingError, match="UNAVAILABLE|DEADLINE_EXCEEDED"):
        polyrank.predict(ROWS, target=server.target, model_name="cities", timeout=0.5)


def test_rows_of_several_requests_keep_their_order_and_their_index(work_dir):
    rows = [{"city": "osaka", "age": float(row)} for row in range(1300)]
    with polyrank.serve(work_dir, model_name="cities", port=0) as server:
        scores = polyrank.predict(rows, target=server.target, model_name="cities")
        assert scores["logit"].tolist() == [3.0 * row for row in range(1300)]
        rows[1200] = {"city": "osaka", "age": "old"}
        with pytest.raises(BadDataError, match=r"^rows\[1200\], column 'age': got 'old' \(str\)"):
            polyrank.predict(rows, target=server.target, model_name="cities")


def test_predict_says_what_is_wrong_with_rows(work_dir):
    server = polyrank.serve(
        model_base_path=work_dir / "serving" / "cities", model_name="cities", port=0
    )
    try:
        with pytest.raises(BadDataError, match=r"rows\[1\] has no column 'age'"):
            polyrank.predict(
                [ROWS[0], {"city": "basel"}], target=server.target, model_name="cities"
            )
        with pytest.raises(BadDataError, match="there are no rows"):
            polyrank.predict([], target=server.target, model_name="cities")
    finally:
        server.stop()


def test_serve_refuses_a_folder_without_versions_and_a_port_that_is_taken(work_dir, tmp_path):
    with pytest.raises(PolyrankError, match="serving/polyrank holds no model version"):
        polyrank.serve(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PolyrankError, match=f"can't listen on 127.0.0.1:{port}"):
            polyrank.serve(work_dir, model_name="cities", port=port)


def test_serve_refuses_a_version_that_can_not_be_loaded(tmp_path):
    folder = tmp_path / "serving" / "polyrank" / "1"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text("no model")
    with pytest.raises(ServingError, match="version 1 of model 'polyrank' .* can't be served"):
        polyrank.serve(tmp_path, port=0)
