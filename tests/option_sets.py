"""The Beam option sets that docs/scale.md tells."""

import pathlib
import re

import yaml

DOCUMENT = pathlib.Path(__file__).resolve().parents[1] / "docs" / "scale.md"
PORTABLE = "Any portable runner"


def option_sets() -> dict[str, list[str]]:
    """Title of a section -> the `beam_pipeline_args` of its YAML block."""
    sections = re.findall(
        r"^### (.+?)\n(.*?)(?=^#|\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL
    )
    found = {}
    for title, body in sections:
        for block in re.findall(r"```yaml\n(.*?)```", body, re.DOTALL):
            values = yaml.safe_load(block)
            if "beam_pipeline_args" in values:
                found[title] = values["beam_pipeline_args"]
    return found
