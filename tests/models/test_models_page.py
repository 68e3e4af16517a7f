"""docs/models.md: a section for every architecture, whose YAML its config takes."""

import re

import pytest

from benchmarks.proof.models.sizes import make_ranker, network_parameters
from benchmarks.train_step import FIELDS, SCENARIOS, TASKS, layout
from common.source_digest import ROOT
from common.strict_yaml import load_yaml
from models import registry
from models.config import TrainingConfig

PAGE = (ROOT / "docs" / "models.md").read_text()
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def test_every_architecture_has_a_section_and_a_row_in_alphabetical_order():
    # A new architecture fails here: give it both, and the costs that the page explains.
    assert tuple(SECTIONS) == registry.names()
    rows = re.findall(r"^\| \[`(\w+)`\]\(#(\w+)\) \|", PAGE, re.MULTILINE)
    assert rows == [(name, name) for name in registry.names()]


@pytest.mark.parametrize("name", registry.names())
def test_a_section_says_when_to_choose_it_its_settings_and_its_cost(name: str) -> None:
    section = SECTIONS[name]
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    values = load_yaml(example, "docs/models.md")
    assert set(values) <= {"model", "training"}
    config = registry.parse_model_config(values["model"])
    assert config.name == name
    training = TrainingConfig(**values.get("training", {}))
    registry.check_epochs(config, training.max_epochs)
    assert "**Choose it** " in section


@pytest.mark.parametrize("name", registry.names())
def test_a_section_says_how_many_parameters_the_network_has(name: str) -> None:
    # "24 fields of 16, five scenarios and two labels"; tables, whatever their size, do not count.
    assert (FIELDS, SCENARIOS, len(TASKS.labels)) == (24, 5, 2)
    (said,) = re.findall(r"\*\*Cost\*\*: ([\d,]+)\s+network\s+parameters", SECTIONS[name])
    found = network_parameters(make_ranker({"name": name}, layout(50), TASKS))
    assert said == f"{found:,}"


def test_the_page_compares_with_what_mmoe_has() -> None:
    (said,) = re.findall(r"where `mmoe` has\s+([\d,]+)\. ", PAGE)
    assert f"**Cost**: {said} network parameters" in SECTIONS["mmoe"]


def test_every_architecture_is_in_the_lists_of_other_pages() -> None:
    readme, data, results = (
        (ROOT / path).read_text()
        for path in ("README.md", "docs/your-own-data.md", "docs/results.md")
    )
    (line,) = re.findall(
        r"^`model.name` chooses the architecture: (.*?) research models\.$",
        readme,
        re.DOTALL | re.MULTILINE,
    )
    assert sorted(re.findall(r"`(\w+)`", line)) == list(registry.names())
    (table,) = re.findall(r"^\| `model.name` \| (.*?)\n\n", data, re.DOTALL | re.MULTILINE)
    assert set(registry.names()) <= set(re.findall(r"`(\w+)`", table))
    # Of a model with a result, docs/models.md no longer says that it has none.
    (unknown,) = re.findall(r"measured so far: (.*?) are not among them yet\.", PAGE, re.DOTALL)
    measured = {
        name for name in registry.names() if re.search(rf"^\| {name}\b", results, re.MULTILINE)
    }
    assert {*re.findall(r"`(\w+)`", unknown)} == {*registry.names()} - measured
