"""The compiled pipeline, read by Kubeflow's own classes."""

import json

import pytest
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2

from common.settings import SettingsError
from pipeline.config_files import load_config
from pipeline.kubeflow.spec import kubeflow_pipeline, write_spec
from pipeline.presets import preset_path
from pipeline.run_parameters import cluster_values

RESOURCES = (
    "resources={default: {cpu: 2, memory_gb: 8}, "
    "Trainer: {memory_gb: 32, gpus: 2}, "
    "Evaluator: {gpus: 1, gpu_type: NVIDIA_TESLA_T4}}"
)


def configured(*overrides, preset="synthetic"):
    return load_config(preset_path(preset), overrides, data_path="gs://bucket/log")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("compiled") / "polyrank.yaml"
    pipeline = kubeflow_pipeline(configured(RESOURCES), "gs://bucket/work")
    write_spec(pipeline, "registry/polyrank:7", path)
    return path


def read(path):
    """The specification in a file."""
    document = yaml.safe_load(path.read_text())
    return json_format.ParseDict(document, pipeline_spec_pb2.PipelineSpec())


@pytest.fixture(scope="module")
def spec(path):
    return read(path)


@pytest.fixture(scope="module")
def containers(spec):
    """Component -> its container."""
    deployment = pipeline_spec_pb2.PipelineDeploymentConfig()
    json_format.ParseDict(json_format.MessageToDict(spec.deployment_spec), deployment)
    executors = deployment.executors
    assert {executor.WhichOneof("spec") for executor in executors.values()} == {"container"}
    labels = {name: component.executor_label for name, component in spec.components.items()}
    assert set(labels.values()) == set(executors)
    return {name: executors[label].container for name, label in labels.items()}


def test_kubeflow_loads_it_with_parameters_that_every_run_must_pass(path):
    loaded = components.load_component_from_file(str(path))
    assert loaded.name == "polyrank"
    inputs = loaded.component_spec.inputs
    assert set(inputs) == {"data-path", "window-end", "model", "state-token"}
    assert all(x.type == "String" and x.default is None for x in inputs.values())
    assert loaded.pipeline_spec.schema_version == "2.1.0"


def test_parameters_reach_the_components_that_look_at_the_world(spec):
    taken = {
        (name, key): value.component_input_parameter
        for name, task in spec.root.dag.tasks.items()
        for key, value in task.inputs.parameters.items()
        if value.component_input_parameter
    }
    assert taken == {
        ("SpanWindow", "data_path"): "data-path",
        ("SpanWindow", "end"): "window-end",
        ("SpanWindow", "state_token"): "state-token",
        ("ImpressionExampleGen", "data_path"): "data-path",
        ("ImpressionExampleGen", "state_token"): "state-token",
        ("ModelSettings", "model"): "model",
        ("Baseline", "state_token"): "state-token",
        ("Baseline", "run_fingerprint"): "state-token",
        ("RegisterPushed", "run_fingerprint"): "state-token",
        ("ModelCanary", "state_token"): "state-token",
    }
    # What is a parameter stands nowhere else.
    text = json.dumps(json_format.MessageToDict(spec))
    assert "gs://bucket/log" not in text and "expert_units" not in text


def test_a_run_passes_what_the_configuration_says():
    config = configured("window.end=2026-01-05", "model.dropout=0.5")
    values = cluster_values(config)
    assert (values["data-path"], values["window-end"]) == ("gs://bucket/log", "2026-01-05")
    assert json.loads(values["model"]) == config.model.model_dump(mode="json")
    without = config.model_copy(update={"data": config.data.model_copy(update={"path": None})})
    with pytest.raises(SettingsError, match="data.path is missing"):
        cluster_values(without)


def test_who_waits_for_whom(spec):
    after = {name: set(task.dependent_tasks) for name, task in spec.root.dag.tasks.items()}
    assert {"DataGate", "LeakAlarm"} <= after["Transform"]
    assert "DataGate" in after["LeakAlarm"]
    assert "BayesCheck" in after["PromotionGate"]
    assert {"ModelSettings", "Transform"} <= after["Trainer"]
    assert {"PromotionGate", "ModelCanary"} <= after["Pusher"]
    assert not after["ModelSettings"] and after["SpanWindow"] == {"ModelSettings"}


def test_a_schema_with_lists_has_the_same_tasks(spec, tmp_path):
    pipeline = kubeflow_pipeline(configured(preset="synthetic_histories"), "gs://bucket/work")
    write_spec(pipeline, "registry/polyrank:7", tmp_path / "lists.yaml")
    lists = read(tmp_path / "lists.yaml")

    def tasks(of):
        # Of a run's parameters and of constants only the names; of artifacts where they are from.
        return {
            name: (set(task.dependent_tasks), set(task.inputs.parameters), task.inputs.artifacts)
            for name, task in of.root.dag.tasks.items()
        }

    assert tasks(lists) == tasks(spec)
    schemas = [of.root.dag.tasks["SchemaImport"].inputs.parameters for of in (spec, lists)]
    assert schemas[0]["schema_text"] != schemas[1]["schema_text"]


def test_every_component_asks_for_its_own_resources(containers):
    found = {name: container.resources for name, container in containers.items()}
    assert {container.image for container in containers.values()} == {"registry/polyrank:7"}
    assert found.pop("Trainer") == _resources(2, 32, "nvidia.com/gpu", 2)
    assert found.pop("Evaluator") == _resources(2, 8, "NVIDIA_TESLA_T4", 1)
    assert len(found) > 10
    assert all(resources == _resources(2, 8) for resources in found.values())


def _resources(cpu, memory, gpu="", count=0):
    cls = pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec
    wanted = cls(cpu_limit=cpu, memory_limit=memory)
    if gpu:
        wanted.accelerator.type, wanted.accelerator.count = gpu, count
    return wanted


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("resources={Trianer: {cpu: 2}}", "no component 'Trianer'; did you mean 'Trainer'?"),
        ("resources={Trainer: {memory: 2}}", "Trainer.memory'; did you mean 'memory_gb'?"),
        ("resources={Trainer: {cpu: 0}}", "'resources.Trainer.cpu' is 0"),
        ("resources={Trainer: {gpu_type: T4}}", "'Trainer' names a gpu_type and no number of GPUs"),
        ("training.loss_weights={clik: 2}", "loss_weights: 'clik' is no such output; did you mean"),
        ("gate.must_have_data=[clik]", "gate.must_have_data: 'clik': unknown output 'clik'; did"),
    ],
)
def test_what_the_pipeline_does_not_have_is_refused_when_it_is_compiled(override, message):
    with pytest.raises(SettingsError) as error:
        kubeflow_pipeline(configured(override), "gs://bucket/work")
    assert message in str(error.value)
