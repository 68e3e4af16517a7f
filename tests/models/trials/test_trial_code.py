"""A trial depends on the code that its model trains with, and on no other."""

import shutil
import subprocess
import sys

import pytest

from common.errors import PolyrankError
from common.source_digest import ROOT
from common.source_imports import files_digest
from models import registry
from models.trials.code import trial_code, trial_files

ALL = set(registry.names())


@pytest.fixture(scope="module")
def files():
    """Model -> the modules that its trials depend on."""
    return {name: set(trial_files(name)) for name in ALL}


@pytest.mark.parametrize(
    ("module", "models"),
    [
        ("models.zoo.multi_task.mmoe", {"mmoe"}),
        ("models.zoo.multi_scenario.csii.transfer_weight", {"csii"}),
        ("models.layers.field_embeddings", ALL),
        ("models.losses.loss_terms", ALL),
        ("models.steps.train_step", ALL),
        ("models.training.loop", ALL),
        ("models.optimizers", ALL),
        ("models.datasets.in_memory", ALL),
        ("models.features.inputs", ALL),
        ("models.config", ALL),
        ("schemas.task_graph", ALL),
        ("models.features.preprocessing", set()),
        ("models.metrics.gauc", set()),
        ("models.metrics.binary", set()),
        ("models.export.explained_rows", set()),
        ("models.explanation", set()),
        ("models.trials.judging", set()),
        ("models.registry", set()),
        ("common.errors", set()),
        ("schemas.contract", set()),
        ("cli.compare.report", set()),
    ],
)
def test_a_module_counts_for_the_models_that_train_with_it(files, module, models):
    assert {name for name, modules in files.items() if module in modules} == models


def test_a_shared_layer_counts_for_those_that_have_it(files):
    having = {name for name, modules in files.items() if "models.layers.cgc" in modules}
    assert "ple" in having and not having & {"mmoe", "shared_bottom", "esmm"}


def test_every_file_of_a_large_architecture_counts(files):
    folder = ROOT / "models" / "zoo" / "multi_scenario" / "autoifs"
    names = {f"models.zoo.multi_scenario.autoifs.{path.stem}" for path in folder.glob("[!_]*.py")}
    assert len(names) > 5 and names <= files["autoifs"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("copied")
    for package in ("schemas", "models"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    return root


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("models/layers/towers.py", "\n\nMORE = 1\n", True),
        ("models/layers/towers.py", '\n\n# Why.\n"""A text that stands alone."""\n', False),
        ("models/metrics/binary.py", "\n\nMORE = 1\n", False),
        ("models/zoo/multi_task/ple.py", "\n\nMORE = 1\n", False),
    ],
)
def test_an_edit_of_code_that_counts_changes_the_digest(copy, file, text, changes):
    assert files_digest(trial_files("mmoe", copy)) == trial_code("mmoe")
    path, before = copy / file, (copy / file).read_text()
    path.write_text(before + text)
    changed = files_digest(trial_files("mmoe", copy)) != trial_code("mmoe")
    path.write_text(before)
    assert changed == changes


def test_an_unknown_model_is_refused():
    with pytest.raises(PolyrankError, match="unknown architecture 'mmoo'"):
        trial_code("mmoo")


def test_a_trial_depends_on_packages_in_its_digest_alone():
    """Else a change of the source would leave results of before in use."""
    code = (
        "import sys, models.trials.trial, models.trials.loading\n"
        "own = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(own & {'cli', 'common', 'components', 'data', 'models', 'pipeline',"
        " 'schemas', 'serving'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "['common', 'models', 'schemas']"
