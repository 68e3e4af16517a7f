import json
import pathlib
import shutil

import numpy as np
import pytest
import ranking_samples
import tensorflow as tf
from made_entries import made_entry
from tfx.types import standard_artifacts

from components.baseline.executor import Executor
from components.model_registry import registry
from components.model_registry.refused_push import RefusedPushError
from components.model_registry.registry import RegistryError
from schemas.contract import parse_schema, read_contract
from serving.loading.loader import load

HEADER = 'feature { name: "x"'


@pytest.fixture
def baseline(tmp_path):
    """Runs the executor against `registry.json` of the test's folder; returns the artifact."""

    def run(
        schema: str = ranking_samples.SCHEMA,
        fingerprint: str = "mine",
        schema_digest: str = "today's",
        required: bool = True,
    ):
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(schema)
        schema_artifact, model = standard_artifacts.Schema(), standard_artifacts.Model()
        schema_artifact.uri, model.uri = str(tmp_path / "schema"), str(tmp_path / "out")
        Executor().Do(
            {"schema": [schema_artifact]},
            {"model": [model]},
            {
                "registry_path": str(tmp_path / "registry.json"),
                "run_fingerprint": fingerprint,
                "state_token": "token",
                "schema_digest": schema_digest,
                "required": int(required),
                "code_digest": "x",
            },
        )
        return model

    return run


def push(tmp_path, fingerprint: str = "other", **model) -> str:
    """Saves a model, registers it, and returns its folder."""
    folder = str(tmp_path / "serving" / "shop" / "17")
    ranking_samples.save_model(folder, **model)
    registry.append(
        tmp_path / "registry.json",
        made_entry(
            "17",
            pushed_destination=folder,
            run_fingerprint=fingerprint,
            schema_digest="its own",
            scenarios=("home", "search"),
        ),
    )
    return folder


def scores(folder, examples: list[bytes], signature: str = "serving_default"):
    model = load(folder)
    try:
        return model.signatures[signature].run({"examples": np.array(examples, dtype=object)})
    finally:
        model.close()


def assert_null(model, reason: str) -> None:
    assert model.get_int_custom_property("exists") == 0
    assert reason in model.get_string_custom_property("reason")
    rows = ranking_samples.make_rows(3)
    got = scores(f"{model.uri}/Format-Serving", ranking_samples.serialize(rows))
    assert set(got) == set(ranking_samples.OUTPUTS)
    for values in got.values():
        np.testing.assert_array_equal(values, np.full(3, 0.5, np.float32))


def test_nothing_pushed_gives_the_null_model(baseline):
    model = baseline()
    assert_null(model, "no version has been pushed yet")
    rows = ranking_samples.make_rows(20)
    targets = scores(
        f"{model.uri}/Format-Serving", ranking_samples.serialize(rows), "evaluation_targets"
    )
    np.testing.assert_array_equal(targets["target__click_and_buy"], rows["is_buy"])
    np.testing.assert_array_equal(targets["weight__buy_given_click"], rows["w"] * rows["is_click"])


@pytest.mark.e2e
def test_the_pushed_version_is_copied(baseline, tmp_path):
    push(tmp_path, slope=0.7)
    model = baseline()
    assert model.get_int_custom_property("exists") == 1
    assert model.get_string_custom_property("version") == "17"
    # What Pusher must still find.
    assert model.get_string_custom_property("live") == "17"
    assert model.get_string_custom_property("run_fingerprint") == "mine"
    assert model.get_string_custom_property("not_compared") == ""
    assert json.loads(model.get_string_custom_property("scenarios")) == ["home", "search"]
    rows = ranking_samples.make_rows(5)
    got = scores(f"{model.uri}/Format-Serving", ranking_samples.serialize(rows))
    np.testing.assert_allclose(got["click"], 1 / (1 + np.exp(-0.7 * rows["x"])), atol=1e-6)


@pytest.mark.e2e  # Saves two models.
def test_a_runs_own_push_is_not_its_baseline(baseline, tmp_path):
    push(tmp_path, fingerprint="mine")
    assert_null(baseline(), "no version has been pushed yet")


@pytest.mark.e2e  # Saves two models.
def test_other_outputs_are_no_baseline(baseline, tmp_path):
    push(tmp_path, outputs=("click", "buy"))
    assert_null(baseline(), "its outputs (buy, click) are not the contract's")


@pytest.mark.e2e  # Saves a model.
@pytest.mark.parametrize(
    ("changed", "exists"),
    [
        (
            {
                HEADER: 'feature { name: "gained" type: INT '
                'annotation { tag: "item" tag: "id" } }\n' + HEADER
            },
            1,
        ),
        ({'value: "cart"': 'value: "cart" value: "plaza"'}, 1),
        ({HEADER + " type: FLOAT": HEADER + " type: INT"}, 0),
    ],
    ids=["a feature more", "a scenario more", "a feature of another type"],
)
def test_what_the_contract_gained_is_ignored_and_another_type_is_no_baseline(
    baseline, tmp_path, changed, exists
):
    push(tmp_path)
    schema = ranking_samples.SCHEMA
    for old, new in changed.items():
        assert old in schema
        schema = schema.replace(old, new)
    model = baseline(schema)
    assert model.get_int_custom_property("exists") == exists
    if not exists:
        assert_null(model, "can't score a row of today's contract")


def remove(folder):
    tf.io.gfile.rmtree(folder)


def damage(folder):
    for name in tf.io.gfile.glob(f"{folder}/variables/*data*"):
        with tf.io.gfile.GFile(name, "wb") as file:
            file.write(b"x")


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("fault", "said"),
    [(remove, "/serving/shop/17 holds no model any more"), (damage, "can't be loaded")],
    ids=["removed", "damaged"],
)
def test_a_version_that_cannot_be_loaded_ends_the_run_or_is_accepted(
    baseline, tmp_path, fault, said
):
    fault(push(tmp_path))
    with pytest.raises(RefusedPushError, match=rf"version 17 can't be used: .*{said}.*version N"):
        baseline()
    assert not (tmp_path / "out").exists()
    shutil.rmtree(tmp_path / "schema")
    model = baseline(required=False)
    assert_null(model, "version 17")
    assert model.get_string_custom_property("not_compared") == "17"
    assert model.get_string_custom_property("live") == "17"


@pytest.mark.e2e
def test_outputs_that_are_not_its_own_contracts_are_damage(baseline, tmp_path):
    push(tmp_path, outputs=("click", "buy"))
    with pytest.raises(RefusedPushError, match="its outputs .buy, click. are not the contract's"):
        baseline(schema_digest="its own")


def test_a_lost_registry_next_to_pushed_versions_ends_the_run(baseline, tmp_path):
    for name in ("9", "17", "notes"):
        (tmp_path / "serving" / "shop" / name).mkdir(parents=True)
        (tmp_path / "serving" / "shop" / name / "saved_model.pb").touch()
    with pytest.raises(RefusedPushError, match="/shop/17 was pushed, but .*.json holds no version"):
        baseline()
    shutil.rmtree(tmp_path / "schema")
    model = baseline(required=False)
    assert_null(model, "registry.json holds no version")
    assert model.get_string_custom_property("not_compared") == "17"


def test_a_version_outside_of_the_work_folder_ends_the_run(baseline, tmp_path):
    entry = made_entry("17", pushed_destination="/elsewhere/17", run_fingerprint="other")
    registry.write(tmp_path / "registry.json", [entry])
    with pytest.raises(RefusedPushError, match=f"/elsewhere/17 lies outside of {tmp_path}"):
        baseline()


@pytest.mark.e2e
def test_a_moved_work_folder_keeps_its_baseline(baseline, tmp_path):
    push(tmp_path)
    first = made_entry("17", pushed_destination="/gone/work/serving/shop/17", run_fingerprint="x")
    registry.write(tmp_path / "registry.json", [first])
    assert baseline().get_string_custom_property("version") == "17"


@pytest.mark.e2e
def test_a_version_that_a_killed_push_left_hidden_is_the_baseline(baseline, tmp_path):
    folder = pathlib.Path(push(tmp_path))
    folder.rename(folder.with_name(".17.ready"))
    assert baseline().get_string_custom_property("version") == "17"
    assert folder.is_dir()


@pytest.mark.e2e  # Saves two models.
def test_a_version_that_needs_a_dropped_column_is_no_baseline(baseline, tmp_path):
    push(tmp_path)
    without_x = ranking_samples.SCHEMA.replace(HEADER, 'feature { name: "renamed"')
    read_contract(parse_schema(without_x))
    assert_null(baseline(without_x), "can't score a row of today's contract")


def test_a_corrupt_registry_is_an_error(baseline, tmp_path):
    (tmp_path / "registry.json").write_text(json.dumps({"versions": [{}]}))
    with pytest.raises(RegistryError, match="registry.json is corrupt"):
        baseline()
