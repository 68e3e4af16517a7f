"""An architecture of the user's own, from a module outside of the package."""

import importlib
import pathlib
import sys

import pytest
from made_batches import batch, layout, make_ranker, randomise, task_graph, tensors

from common.settings import SettingsError
from common.source_digest import ROOT
from models import own_architecture, registry
from models.architecture import Architecture
from models.config import ModelConfig
from models.trials.code import trial_code, trial_files
from models.zoo.multi_task.mmoe import MMoE, MMoEConfig

LINEAR = '''
import pydantic

from models.architecture import Architecture
from models.config import ModelConfig
from models.layers.towers import Towers


class LinearConfig(ModelConfig):
    scale: pydantic.PositiveFloat = 1.0


class Linear(Architecture):
    config_class = LinearConfig

    def __init__(self, config, layout, tasks):
        super().__init__(config, layout, tasks)
        self.scale = config.scale
        self.towers = Towers(len(self.labels), ())

    def call(self, features, training=False):
        logits = self.towers(features.flat(), features.scenario, training=training)
        return self.by_label(self.scale * logits + features.offset)


class Plain(Linear):
    config_class = ModelConfig
    def __init__(self, config, layout, tasks):
        Architecture.__init__(self, config, layout, tasks)
        self.scale = 1.0
        self.towers = Towers(len(self.labels), ())


class Silent(Architecture):
    """Without call."""


class Misconfigured(Linear):
    config_class = dict


def function():
    pass
'''


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The current folder, which Python does not search by itself."""
    (tmp_path / "linear_model.py").write_text(LINEAR)
    package = tmp_path / "ranking_models"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "wide.py").write_text(
        "from models.zoo.multi_task.mmoe import MMoE\n\n\nclass Wider(MMoE):\n    pass\n"
    )
    (package / "broken.py").write_text("x = 1\nundefined_name\n")
    (package / "unparsed.py").write_text("def f(:\n")
    (package / "annotated.py").write_text(
        "from models.config import ModelConfig\n\n\nclass Deep(ModelConfig):\n    layers = 3\n"
    )
    (package / "lacking.py").write_text("import no_such_library\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != ""])
    monkeypatch.setattr(own_architecture, "_LOADED", {})
    yield tmp_path
    for name in [x for x in sys.modules if x.split(".")[0] in ("linear_model", "ranking_models")]:
        del sys.modules[name]


def parsed(name: str, **values: object) -> ModelConfig:
    return registry.parse_model_config({"name": name, **values}, "my.yaml")


def test_a_module_in_the_current_folder_is_found(folder: pathlib.Path) -> None:
    config = parsed("linear_model:Linear", scale=2.0, embedding_dim=4)
    assert type(config).__name__ == "LinearConfig" and config.name == "linear_model:Linear"
    assert registry.parse_model_config(config.model_dump(mode="json")) == config
    assert registry.architecture(config.name) is sys.modules["linear_model"].Linear
    assert str(folder) in sys.path


def test_folders_with_the_names_of_our_packages_hide_none(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's `data` is a namespace package, which comes before an editable install."""
    (folder / "data").mkdir()
    (folder / "serving").mkdir()
    (folder / "serving" / "__init__.py").touch()
    (folder / "pipeline.py").touch()
    hidden = ("data", "serving", "pipeline")
    for name in hidden:
        monkeypatch.delitem(sys.modules, name, raising=False)
    parsed("linear_model:Linear")
    found = {name: importlib.import_module(name).__file__ for name in hidden}
    assert found == {name: str(ROOT / name / "__init__.py") for name in hidden}


def test_it_trains_like_any_other(folder: pathlib.Path) -> None:
    ranker = make_ranker({"name": "linear_model:Linear", "embedding_dim": 4})
    randomise(ranker)
    rows = tensors(batch(32, layout(), task_graph(2)))
    before = [v.numpy() for v in ranker.trainable_variables]
    losses = ranker.train_step(rows)
    assert float(losses["loss"]) > 0.1
    trained = zip(ranker.trainable_variables, before, strict=True)
    assert all((variable.numpy() != values).any() for variable, values in trained)
    assert all(":" not in v.name.removesuffix(":0") for v in ranker.variables)


def test_a_class_without_a_config_of_its_own_has_the_settings_of_all(folder: pathlib.Path) -> None:
    assert type(parsed("linear_model:Plain")) is ModelConfig
    assert Architecture.config_class is ModelConfig


def test_a_subclass_of_a_shipped_one_takes_its_settings(folder: pathlib.Path) -> None:
    config = parsed("ranking_models.wide:Wider", experts=2)
    assert isinstance(config, MMoEConfig) and config.experts == 2
    assert issubclass(registry.architecture(config.name), MMoE)
    # That it is a subclass makes it no other model.
    assert registry.architecture("mmoe") is MMoE


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("linear_modle:Linear", r"no module 'linear_modle' in the current folder \(.*\) or on "
         r"Python's path; did you mean 'linear_model'\? \(start in the folder"),
        ("ranking_models.wid:Wider", "no module 'ranking_models.wid' .*did you mean 'wide'"),
        ("models.linear:Linear", "'models' is a package of Polyrank; give yours another name"),
        ("linear_model:Liner", r"'linear_model' \(.*linear_model.py\) has no 'Liner'; did you "
         "mean 'Linear'"),
        ("ranking_models:Wider", "no 'Wider'; it holds no subclass of models.architecture.Arch"),
        ("linear_model:function", "is of type function; want a subclass of models.architecture"),
        ("linear_model:LinearConfig", "is a class; want a subclass of models.architecture"),
        ("linear_model:Architecture", "is a class; want a subclass of models.architecture"),
        ("linear_model:Silent", "has no method `call`; write one that returns log-odds"),
        ("linear_model:Misconfigured", "`config_class` is <class 'dict'>; want a subclass of"),
        ("ranking_models.broken:Deep", "'ranking_models.broken' can't be imported: NameError: name "
         r"'undefined_name' is not defined \(.*broken.py, line 2\)"),
        ("ranking_models.unparsed:Deep",
         r"imported: SyntaxError: [^(]* \([^(]*unparsed.py, line 1\)$"),
        ("ranking_models.annotated:Deep", "PydanticUserError: A non-annotated attribute was "
         r"detected: `layers = 3`. [^\n]*\(.*ranking_models/annotated.py, line 4\)"),
        ("ranking_models.lacking:Deep", "ModuleNotFoundError: No module named 'no_such_library' "
         r"\(.*lacking.py, line 1\)"),
        ("linear_model:", "'linear_model:' names no class; write package.module:Class"),
        ("linear model:Linear", "names no class; write package.module:Class"),
        ("linear_model.Linear", "unknown architecture 'linear_model.Linear'; .*write one of your "
         "own as package.module:Class"),
    ],
)  # fmt: skip
def test_what_is_no_architecture_is_refused_with_the_fix(
    folder: pathlib.Path, name: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=f"(?s)my.yaml: .*{message}"):
        parsed(name)


def test_unknown_keys_get_the_nearest_of_its_own(folder: pathlib.Path) -> None:
    with pytest.raises(SettingsError, match="my.yaml: unknown key 'scal'; did you mean 'scale'"):
        parsed("linear_model:Linear", scal=2.0)
    with pytest.raises(SettingsError, match="my.yaml: 'scale' is -1"):
        parsed("linear_model:Linear", scale=-1)


def test_a_failed_import_can_be_repaired_in_the_same_process(folder: pathlib.Path) -> None:
    with pytest.raises(SettingsError, match="undefined_name"):
        parsed("ranking_models.broken:Deep")
    (folder / "ranking_models" / "broken.py").write_text(
        "from models.zoo.multi_task.mmoe import MMoE as Deep\n"
    )
    assert isinstance(parsed("ranking_models.broken:Deep"), MMoEConfig)


def test_a_trial_of_it_depends_on_its_source(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def code(name: str) -> str:
        trial_code.cache_clear()
        return trial_code(name)

    own, shipped = code("linear_model:Linear"), code("mmoe")
    (folder / "linear_model.py").write_text(LINEAR + "# edited\n")
    # The class in memory is still that of before.
    assert code("linear_model:Linear") == own
    monkeypatch.setattr(own_architecture, "_LOADED", {})  # As in a process that starts.
    assert code("linear_model:Linear") != own
    assert code("mmoe") == shipped


def test_a_trial_of_it_depends_on_our_layers_that_it_has(folder: pathlib.Path) -> None:
    linear, wider = trial_files("linear_model:Linear"), trial_files("ranking_models.wide:Wider")
    assert {"models.layers.towers", "models.ranker"} <= set(linear) & set(wider)
    assert "models.zoo.multi_task.mmoe" in wider and "models.layers.softmax_gate" in wider
    assert not {"models.zoo.multi_task.mmoe", "models.layers.softmax_gate"} & set(linear)


def test_the_digest_of_our_source_alone_serves_shipped_models(folder: pathlib.Path) -> None:
    assert registry.with_own_source("code", "mmoe") == "code"
    found = {
        registry.with_own_source("code", "linear_model:Linear"),
        registry.with_own_source("other", "linear_model:Linear"),
        registry.with_own_source("code", "ranking_models.wide:Wider"),
    }
    assert len(found) == 3 and "code" not in found
