"""The canary's rows, replayed through a model server process."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import time
from collections.abc import Callable, Mapping

import numpy as np
from tfx.utils import io_utils

from components.model_canary.config import CanaryConfig
from models.export import dense_columns
from schemas.contract import Contract
from serving.client import Client
from serving.process import ServerProcess

SIGNATURES = ("serving_default", "predict")
_MODEL_NAME = "canary"


@dataclasses.dataclass(frozen=True)
class Replay:
    """What the server answered.

    Attributes:
      scores: signature -> output -> [N]; a signature that the model lacks is absent.
      milliseconds: signature -> time of each request, [requests].
    """

    scores: Mapping[str, Mapping[str, np.ndarray]]
    milliseconds: Mapping[str, np.ndarray]


def replay(
    contract: Contract, model_path: str, examples: list[bytes], config: CanaryConfig
) -> Replay:
    """Serves the SavedModel, asks both signatures for every row, and stops the server.

    Args:
      contract: the data contract.
      model_path: the SavedModel's folder.
      examples: serialized tf.Examples, [N].
      config: rows a request, and the timeout.

    Raises:
      ServingError: the server can't load the model, or refuses a request.
    """
    columns = dense_columns(contract, examples)
    with tempfile.TemporaryDirectory(prefix="polyrank-canary-") as folder:
        base = pathlib.Path(folder) / "model"
        _place(model_path, base / "1")
        log = pathlib.Path(folder) / "server.log"
        with (
            ServerProcess(_MODEL_NAME, base, log, config.timeout_seconds) as server,
            server.client(config.timeout_seconds) as client,
        ):
            served = client.metadata()
            asked = {name: _ask(client, name, examples, columns) for name in SIGNATURES}
            answers = {
                name: _in_batches(ask, len(examples), config.batch_rows)
                for name, ask in asked.items()
                if name in served
            }
    return Replay(
        {name: scores for name, (scores, _) in answers.items()},
        {name: times for name, (_, times) in answers.items()},
    )


_Ask = Callable[[slice], dict[str, np.ndarray]]


def _ask(
    client: Client, signature: str, examples: list[bytes], columns: Mapping[str, np.ndarray]
) -> _Ask:
    if signature == "serving_default":
        return lambda rows: client.predict_examples(examples[rows])
    return lambda rows: client.predict({name: values[rows] for name, values in columns.items()})


def _in_batches(ask: _Ask, rows: int, size: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    answers, times = [], []
    for start in range(0, rows, size):
        began = time.perf_counter()
        answers.append(ask(slice(start, start + size)))
        times.append((time.perf_counter() - began) * 1000)
    scores = {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
    return scores, np.array(times)


def _place(model_path: str, version: pathlib.Path) -> None:
    """Puts the model where the server looks for versions, by a link where it is local."""
    version.parent.mkdir()
    source = pathlib.Path(model_path)
    if source.is_dir():
        version.symlink_to(source.resolve(), target_is_directory=True)
    else:
        io_utils.copy_dir(model_path, str(version))
