"""docs/your-own-model.md: its class trains, is exported and scores as TF Serving loads it."""

import pathlib
import re
import runpy
import shlex
import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors
from small_log import encoded, made_rows

from cli.compare.plan import make_comparison
from common.source_digest import ROOT
from common.strict_yaml import load_yaml
from models import own_architecture
from models.architecture import Architecture
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.export.saved_model import ServingModule, save_serving_model
from models.features.layout import build_input_layout
from models.features.parsing import from_examples
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.fit import ranker_maker
from pipeline.config_files import load_config
from pipeline.presets import preset_path
from schemas.contract import Contract

PAGE = ROOT / "docs" / "your-own-model.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
CROSS, DEVIATING = "shop_models:CrossTowers", "shop_models:DeviatingCross"
SMALL = {"embedding_dim": 4, "deep_units": [8], "tower_units": [4]}


def blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCKS if name == kind]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder that the page's reader works in."""
    place = tmp_path_factory.mktemp("page")
    first, trial, second = blocks("python")
    (place / "shop_models.py").write_text(f"{first}\n\n{second}")
    (place / "try_model.py").write_text(trial)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr(own_architecture, "_LOADED", {})
        yield place
        sys.modules.pop("shop_models", None)


@pytest.mark.parametrize(("name", "precision"), [(CROSS, "float32"), (DEVIATING, "mixed_bfloat16")])
def test_its_classes_learn(name: str, precision: str) -> None:
    ranker = make_ranker({"name": name, **SMALL}, learning_rate=0.1, precision=precision)
    rows = tensors(batch(64, layout(), task_graph(2)))
    losses = [float(ranker.train_step(rows)["loss"]) for _ in range(6)]
    assert np.all(np.isfinite(losses)) and losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", [CROSS, DEVIATING])
def test_a_score_is_its_row_s_whatever_else_is_in_the_batch(name: str) -> None:
    ranker = make_ranker({"name": name, **SMALL})
    randomise(ranker)
    rows = batch(64, layout(), task_graph(2))
    whole = ranker(tensors(rows))["click"].numpy()
    assert whole.std() > 0.01
    order = np.random.default_rng(1).permutation(64)[:9]
    np.testing.assert_allclose(
        ranker(tensors(taken(rows, order)))["click"], whole[order], atol=1e-6
    )


def test_it_is_deep_and_cross() -> None:
    ranker = make_ranker({"name": CROSS, "cross_layers": 2, **SMALL})
    randomise(ranker)
    features = ranker.features(tensors(batch(5, layout(), task_graph(2))))
    first, architecture = features.flat().numpy(), ranker.architecture
    crossed = first
    for layer in architecture._crosses:
        kernel, bias = (x.numpy() for x in layer.trainable_variables)
        crossed = first * (crossed @ kernel + bias) + crossed
    hidden = np.concatenate([crossed, architecture._deep(features.flat())], axis=1)
    towers = architecture._towers(tf.constant(hidden), features.scenario)
    found = np.stack(list(architecture(features).values()), axis=1)
    np.testing.assert_allclose(found, towers + features.offset, rtol=1e-4, atol=1e-5)


def test_its_own_tables_are_no_network() -> None:
    plain, deviating = (make_ranker({"name": name, **SMALL}) for name in (CROSS, DEVIATING))
    assert plain.architecture.tables == []
    sizes = [field.size for field in layout().fields]
    found = sorted(v.shape[0] for v in deviating.architecture.tables if "embeddings" in v.name)
    assert found == sorted(3 * size for size in sizes)


def test_the_model_is_made_without_data(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path("try_model.py")
    said, *variables = capsys.readouterr().out.splitlines()
    assert f"`{said}`" in PAGE.read_text()
    assert len(variables) > 8 and "cross" in variables[0]


def test_its_commands_are_understood() -> None:
    run, compare = (shlex.split(line) for line in blocks("sh")[0].splitlines())
    config = load_config(preset_path(run[run.index("--preset") + 1]), [run[run.index("--set") + 1]])
    assert (config.model.name, config.model.cross_layers) == (CROSS, 3)
    option = {name: compare[compare.index(name) + 1] for name in ("--models", "--model-set")}
    found = make_comparison(config, option["--models"].split(","), [option["--model-set"]], 3)
    assert list(found.models) == ["mmoe", CROSS] and found.models[CROSS].cross_layers == 3
    section = parse_model_config(load_yaml(blocks("yaml")[0], "page")["model"])
    assert section.counts_values and section.embedding_l2 == 20.0


def test_what_a_class_may_say_is_there() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", PAGE.read_text(), re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(names) > 15
    assert [name for name in names if name not in vars(Architecture)] == []


def test_it_is_trained_exported_and_loaded_as_tf_serving_does(
    held: InMemorySplit,
    contract: Contract,
    transform_output: Any,
    transform_layer: Any,
    tmp_path: pathlib.Path,
) -> None:
    config = parse_model_config(
        {"name": DEVIATING, **SMALL, "l2_per": "value", "embedding_l2": 0.1}
    )
    training = TrainingConfig(batch_size=64, learning_rate=0.02)
    inputs = build_input_layout(contract, transform_output)
    ranker: Ranker = ranker_maker(inputs, contract.tasks, config, training, held, {})()
    losses = [
        float(ranker.train_step(rows)["loss"])
        for epoch in range(4)
        for rows in held.epoch(64, 0, epoch)
    ]
    assert np.mean(losses[-6:]) < np.mean(losses[:6])
    save_serving_model(ServingModule(ranker, transform_layer, contract), str(tmp_path / "1"))
    examples = [encoded(row) for row in made_rows(50, seed=3)]
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "1"))
        signature = graph.signature_def["serving_default"]
        served = session.run(
            {name: info.name for name, info in signature.outputs.items()},
            {signature.inputs["examples"].name: examples},
        )
    raw = from_examples(contract, tf.constant(examples))
    for name, scores in ranker(transform_layer(raw)).items():
        np.testing.assert_allclose(served[name], scores, atol=1e-6)
    assert np.ptp(served["click"]) > 0.1
