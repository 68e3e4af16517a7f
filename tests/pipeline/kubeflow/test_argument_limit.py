"""What a compiled pipeline of a large schema hands to processes on a cluster."""

import json
import random

import pytest
import yaml

from common.settings import SettingsError
from pipeline.config_files import load_config
from pipeline.kubeflow.argument_limit import LIMIT, argument_bytes
from pipeline.kubeflow.spec import kubeflow_pipeline, write_spec
from pipeline.presets import preset_path

ONE = "presence { min_fraction: 1 } shape { dim { size: 1 } }"
WORDS = """
    user item shop brand price click view cart day hour week rate count avg max first last city page
    slot query tag age segment score rank history geo device network version source
""".split()  # noqa: SIM905 - a list of 32 lines says no more
KINDS = ("BYTES", "id:min_count=5"), ("FLOAT", "numeric"), ("INT", "categorical")


def schema(columns, scenarios=40, labels=6):
    """A contract of so many features, with names as people give them."""
    draw = random.Random(7)
    values = " ".join(f'value: "{draw.choice(WORDS)}_{number}"' for number in range(scenarios))
    lines = [
        f'feature {{ name: "time" type: INT {ONE} annotation {{ tag: "timestamp" }} }}',
        f'feature {{ name: "who" type: BYTES {ONE} annotation {{ tag: "user_id" tag: "id" }} }}',
        f'feature {{ name: "place" type: BYTES {ONE} annotation {{ tag: "scenario" }} '
        f"string_domain {{ {values} }} }}",
    ]
    for number in range(labels):
        given = " given:label_0" if number else ""
        tag = f"label:label_{number}{given}"
        lines.append(
            f'feature {{ name: "y{number}" type: INT {ONE} annotation {{ tag: "{tag}" }} }}'
        )
    for number in range(columns):
        name = "_".join([*draw.choices(WORDS, k=4), str(draw.randrange(10_000)), str(number)])
        kind, tag = KINDS[number % 3]
        lines.append(
            f'feature {{\n  name: "{name}"\n  type: {kind}\n  annotation {{ tag: "{tag}" }}\n}}'
        )
    return "\n".join(lines)


def configured(tmp_path, text):
    (tmp_path / "schema.pbtxt").write_text(text)
    return load_config(
        preset_path("synthetic"),
        ("sampling.negatives_kept=0.5", "gate.must_have_data=[]"),
        data_path="gs://bucket/log",
        schema_path=str(tmp_path / "schema.pbtxt"),
    )


def size(document):
    return len(json.dumps(document).encode())


def test_no_argument_of_a_large_schema_is_too_long(tmp_path):
    text = schema(3_000)
    assert len(text) > 2 * LIMIT
    pipeline = kubeflow_pipeline(configured(tmp_path, text), "gs://bucket/work")
    write_spec(pipeline, "registry/polyrank:7", tmp_path / "polyrank.yaml")
    spec = yaml.safe_load((tmp_path / "polyrank.yaml").read_text())
    tasks = spec["root"]["dag"]["tasks"]
    # What the run's driver gets holds every task.
    assert size(spec["root"]) < LIMIT / 2
    arguments = [*spec["components"].values(), *spec["deploymentSpec"]["executors"].values()]
    assert max(map(size, arguments)) < LIMIT / 16
    # The check before the compilation knows no less than there is.
    estimated = argument_bytes(pipeline.components)
    assert estimated.keys() == tasks.keys()
    for name, task in tasks.items():
        assert 0 <= estimated[name] - size(task) < 3_072, name
    assert sum(estimated.values()) >= size(spec["root"])


def test_a_schema_that_is_too_large_is_refused_before_anything_is_compiled(tmp_path):
    draw = random.Random(7)
    # Values without any pattern, which no compression makes shorter than 100 KB.
    domain = " ".join(f'value: "{draw.getrandbits(400):x}"' for _ in range(3_000))
    text = schema(3).replace(
        "}\n", "}\n" + f'feature {{ name: "c" type: BYTES string_domain {{ {domain} }} '
        'annotation { tag: "categorical" } }\n', 1,
    )  # fmt: skip
    with pytest.raises(SettingsError) as error:
        kubeflow_pipeline(configured(tmp_path, text), "gs://bucket/work")
    message = str(error.value)
    assert "Linux takes no argument above 131,072, so that Kubeflow could not start it" in message
    assert "are SchemaImport's. Where that is SchemaImport, drop columns" in message
