import pytest

from common.settings import SettingsError, parse
from models.schedule import Phase, checked_schedule
from models.zoo.multi_scenario.autoifs.config import AutoIFSConfig
from pipeline.config import PipelineConfig

SEARCH = Phase("search", 2, early_stopping=False, snapshot_at=1)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ((), "without phases"),
        ((Phase("retrain", 1, rewind=True),), "'retrain' is rewound"),
        ((SEARCH, Phase("a", 1, rewind=True), Phase("b", 1, rewind=True)), "'b' is rewound"),
        ((Phase("slow", 1, learning_rate=0.1),), "'slow' has a learning_rate"),
    ],
)
def test_schedules_that_cannot_be_trained_are_refused(
    phases: tuple[Phase, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        checked_schedule(phases)


def test_a_search_and_its_retraining_are_a_schedule() -> None:
    phases = (SEARCH, Phase("retrain", 3, learning_rate=0.1, rewind=True))
    assert checked_schedule(phases) == phases


def test_a_search_without_an_epoch_to_retrain_is_refused_before_the_run() -> None:
    assert AutoIFSConfig(search_epochs=4).least_epochs == 5
    assert AutoIFSConfig(search_epochs=4, fixed_flows=(((True,),),)).least_epochs == 1
    values = {
        "data": {"schema_path": "schema.pbtxt"},
        "model": {"name": "autoifs", "search_epochs": 4},
        "training": {"max_epochs": 4},
    }
    with pytest.raises(SettingsError, match="max_epochs is 4, and 'autoifs' needs 5"):
        parse(PipelineConfig, values, "my.yaml")
