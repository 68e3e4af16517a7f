"""docs/scale.md: its option sets are Beam's, its arithmetic is our models'."""

import argparse
import re

import pytest
import tensorflow as tf
from apache_beam.options.pipeline_options import (
    DirectOptions,
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    SetupOptions,
    SparkRunnerOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.runner import create_runner
from option_sets import DOCUMENT, PORTABLE, option_sets

from models.config import TrainingConfig
from models.features.inputs import (
    Field,
    InputLayout,
    ListField,
    MultiValueField,
    SequenceInput,
    VectorField,
)
from models.ranker import Ranker
from models.registry import parse_model_config
from models.steps.batch import one_row
from pipeline.config_files import load_config
from pipeline.presets import preset_path
from schemas.task_graph import Label, sorted_by_parents

# Title -> what Beam must have understood: (view, option) -> value.
UNDERSTOOD = {
    "This machine": {
        (DirectOptions, "direct_running_mode"): "multi_processing",
        (DirectOptions, "direct_num_workers"): 0,
    },
    PORTABLE: {
        (PortableOptions, "job_endpoint"): "embed",
        (PortableOptions, "environment_type"): "EXTERNAL",
        (PortableOptions, "environment_config"): "localhost:50000",
    },
    "Flink": {
        (FlinkRunnerOptions, "flink_master"): "flink-jobmanager:8081",
        (FlinkRunnerOptions, "flink_submit_uber_jar"): True,
        (FlinkRunnerOptions, "parallelism"): 16,
        (PortableOptions, "environment_type"): "EXTERNAL",
    },
    "Spark": {
        (SparkRunnerOptions, "spark_rest_url"): "http://spark-master:6066",
        (SparkRunnerOptions, "spark_submit_uber_jar"): True,
        (PortableOptions, "environment_type"): "EXTERNAL",
    },
    "Dataflow": {
        (GoogleCloudOptions, "region"): "europe-west4",
        (WorkerOptions, "max_num_workers"): 32,
        (SetupOptions, "sdk_location"): "container",
    },
}


def leftover(arguments):
    """The arguments that no class of Beam's options knows; Beam itself only warns."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for cls in {*PipelineOptions.__subclasses__()}:
        cls._add_argparse_args(parser)
    return parser.parse_known_args(arguments)[1]


def test_the_page_has_these_sets():
    assert set(option_sets()) == set(UNDERSTOOD)


@pytest.mark.parametrize("title", UNDERSTOOD)
def test_beam_understands_every_option(monkeypatch, title):
    # Only warns, after it has asked a real bucket for half a minute.
    soft_delete = "_warn_if_soft_delete_policy_enabled"
    monkeypatch.setattr(GoogleCloudOptions, soft_delete, lambda *_: None)
    arguments = option_sets()[title]
    assert leftover(arguments) == []
    assert leftover([*arguments, "--flink_mister=x", "--direct_num_worker=1"]) == [
        "--flink_mister=x",
        "--direct_num_worker=1",
    ]
    options = PipelineOptions(arguments)
    found = {(view, name): getattr(options.view_as(view), name) for view, name in UNDERSTOOD[title]}
    assert found == UNDERSTOOD[title]
    # Without it TFX packs itself before every component.
    assert options.view_as(SetupOptions).setup_file.endswith("/setup.py")
    runner = create_runner(options.view_as(StandardOptions).runner)
    assert PipelineOptionsValidator(options, runner).validate() == []


@pytest.mark.parametrize("title", UNDERSTOOD)
def test_the_configuration_takes_every_set(title):
    arguments = option_sets()[title]
    config = load_config(preset_path("synthetic"), [f"beam_pipeline_args={arguments}"])
    assert list(config.beam_pipeline_args) == arguments


def bytes_a_value(optimizer):
    """Bytes of the variables that have a row for every value of a field, without and with slots."""
    values = 12_345
    tasks = sorted_by_parents([Label("click", "click"), Label("buy", "buy", "click", True)])
    layout = InputLayout((Field("id", values),), (), ("home",))
    model = parse_model_config({"name": "shared_bottom", "bottom_units": [4], "tower_units": []})
    ranker = Ranker(layout, tasks, model, TrainingConfig(optimizer=optimizer))
    found = []
    for variables in (ranker.variables, [*ranker.variables, *ranker.optimizer.variables]):
        rows = {id(x): x for x in variables if x.shape.rank and x.shape[0] == values}
        found.append(sum(x.dtype.size * x.shape.num_elements() for x in rows.values()) / values)
    return tuple(found)


def test_the_table_of_memory_is_what_our_variables_take():
    assert bytes_a_value("sgd") == bytes_a_value("adagrad") == (72, 144)
    assert bytes_a_value("adam") == (72, 216)
    rows = re.findall(r"^\| ([\d,]+) \|(.*GB) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert len(rows) == 4
    for values, cells in rows:
        told = [cell.strip() for cell in cells.split("|")]
        count = int(values.replace(",", ""))
        assert told == [f"{count * size / 1e9:.3f} GB" for size in (72, 144, 216)]


def test_a_row_with_lists_takes_what_the_page_says():
    def numbers(**lists):
        batch = one_row(InputLayout((), (), ("home",), **lists))
        return sum(int(tf.size(x)) for x in batch.values()) - 1  # Less the scenario.

    names = ("item", "category", "gap")
    columns = tuple(ListField(name, name, 9, length=50) for name in names)
    history = numbers(sequences=(SequenceInput("history", 50, columns),))
    vector = numbers(vectors=(VectorField("image", 64),))
    assert numbers(multi_values=(MultiValueField("t", "t", 9, 3, weighted=True),)) == 3 + 1 + 3
    text = " ".join(DOCUMENT.read_text().split())
    assert f"= {4 * history} bytes a row, a vector of 64 numbers {4 * vector} bytes" in text
    row = 4 * (history + vector + 40)
    assert f"that is {row:,} bytes a row: 20 million rows are {20e6 * row / 1e9:.1f} GB" in text
    assert 15e6 * row < 16e9
