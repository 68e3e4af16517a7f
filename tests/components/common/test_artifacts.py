import pytest
import yaml
from tfx.orchestration.kubeflow.v2 import compiler_utils
from tfx.types.artifact import Artifact
from tfx.utils.import_utils import import_class_by_path

import polyrank
from components.common import artifacts

OWN = [kind for kind in vars(artifacts).values() if isinstance(kind, type) and kind is not Artifact]


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_a_step_on_kubeflow_finds_the_class_by_the_title_in_the_compiled_pipeline(kind):
    title = yaml.safe_load(compiler_utils.get_artifact_schema(kind))["title"]
    assert import_class_by_path(title) is kind


def test_polyrank_names_every_class():
    names = {kind.__name__ for kind in OWN}
    assert names and names <= set(polyrank.__all__)
