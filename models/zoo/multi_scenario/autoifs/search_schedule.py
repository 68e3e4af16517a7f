"""The two phases of AutoIFS's training."""

from __future__ import annotations

from common.settings import SettingsError
from models.schedule import Phase
from models.zoo.multi_scenario.autoifs.config import AutoIFSConfig

SEARCH, RETRAIN = "search", "retrain"


def search_and_retrain(config: AutoIFSConfig, epochs: int) -> tuple[Phase, Phase]:
    """Returns search and retraining, which together have the training's epochs.

    Args:
      config: how long the search is, and where the retraining starts.
      epochs: the training's `max_epochs`.

    Raises:
      SettingsError: the search leaves no epoch for the retraining.
    """
    search = config.search_epochs
    if search >= epochs:
        raise SettingsError(
            f"model.search_epochs is {search}, training.max_epochs {epochs}, and retraining "
            f"needs an epoch; write search_epochs below {epochs} or max_epochs above {search}"
        )
    snapshot = search - 1 if config.rewind_epoch is None else config.rewind_epoch
    return (
        Phase(SEARCH, search, early_stopping=False, snapshot_at=snapshot),
        Phase(RETRAIN, epochs - search, learning_rate=config.retrain_learning_rate, rewind=True),
    )
