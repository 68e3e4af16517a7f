import pydantic
import pytest

from common.errors import PolyrankError
from common.settings import Settings, SettingsError, parse
from common.suggestions import nearest


class Optimizer(Settings):
    learning_rate: float = 0.1


class Training(Settings):
    epochs: int
    optimizer: Optimizer = Optimizer()
    warm_up: Optimizer | None = None


def test_values_are_read_and_frozen():
    found = parse(Training, {"epochs": 3, "optimizer": {"learning_rate": 0.5}})
    assert (found.epochs, found.optimizer.learning_rate) == (3, 0.5)
    with pytest.raises(pydantic.ValidationError):
        found.epochs = 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 1, "epochs": 1}, "run.yaml: unknown key 'epoch'; did you mean 'epochs'?"),
        ({}, "run.yaml: 'epochs' is missing"),
        ({"epochs": "many"}, "run.yaml: 'epochs' is 'many': "),
        (
            {"epochs": 1, "optimizer": {"learningrate": 1}},
            "unknown key 'optimizer.learningrate'; did you mean 'learning_rate'?",
        ),
        (
            {"epochs": 1, "warm_up": {"rate_learning": 1}},
            "unknown key 'warm_up.rate_learning'; did you mean 'learning_rate'?",
        ),
    ],
)
def test_errors_name_the_source_the_key_and_the_fix(values, message):
    with pytest.raises(SettingsError) as error:
        parse(Training, values, "run.yaml")
    assert message in str(error.value)
    assert isinstance(error.value, PolyrankError)


def test_every_mistake_is_listed():
    with pytest.raises(SettingsError) as error:
        parse(Training, {"epochs": "x", "foo": 1})
    assert len(str(error.value).splitlines()) == 2


def test_nearest_lists_all_names_where_none_is_near():
    assert nearest("clik", ["click", "buy"]) == "did you mean 'click'?"
    assert nearest("zzz", iter(["click", "buy"])) == "known: click, buy"
