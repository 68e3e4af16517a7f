"""The Trainer's run_fn: from examples and the transform graph to a SavedModel."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from common.json_files import write_json
from common.names import VALIDATION
from common.settings import parse
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit, Transform, files_of, hold
from models.datasets.streamed import StreamedRows, count_and_base_rates
from models.export.saved_model import ServingModule, save_serving_model, write_warmup
from models.export.validation_sample import read_rows, spread_positions, write_canary
from models.features.layout import build_input_layout
from models.initial_biases import starting_rates
from models.ranker import Ranker
from models.registry import parse_model_config
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.distribution import Devices, training_devices
from models.training.fingerprint import training_fingerprint
from models.training.fit import ranker_maker, write_calibration, write_record
from models.training.loop import TrainingLoop
from models.training.scoring import Scorer, make_scorer
from models.training.validation import validation_metrics
from schemas.contract import Contract, parse_schema, read_contract

_LOG = logging.getLogger(__name__)


def run_fn(fn_args: Any) -> None:
    """Trains, exports and records; called by the stock Trainer component.

    Args:
      fn_args: TFX's FnArgs. Of its `custom_config` are read: `training` (plain values of its
        config), `checkpoint_dir`, `model_name`, `canary_rows`, `code_digest`; its
        `hyperparameters` are the plain values of the model's config. With several workers
        (TF_CONFIG) each is called with the same FnArgs; the chief alone writes.

    Raises:
      PolyrankError: a setting that can't be used, or a split without rows.
    """
    custom = fn_args.custom_config
    training = parse(TrainingConfig, custom["training"], "training")
    devices = training_devices(training.devices)
    model = parse_model_config(fn_args.hyperparameters)
    with tf.io.gfile.GFile(fn_args.schema_path) as file:
        schema = file.read()
    contract = read_contract(parse_schema(schema, fn_args.schema_path))
    transform_output = tft.TFTransformOutput(fn_args.transform_graph_path)
    transform = transform_output.transform_features_layer()
    train_files, validation_files = files_of(fn_args.train_files), files_of(fn_args.eval_files)

    rows, base_rates = _train_rows(contract, transform, train_files, training.rows_in_memory)
    validation = hold(contract, transform, validation_files, serving=True)
    assert validation is not None  # hold() without a limit.
    layout = build_input_layout(contract, transform_output)
    make_ranker = ranker_maker(layout, contract.tasks, model, training, rows, base_rates)
    with devices.strategy.scope():
        ranker = make_ranker()
    fingerprint = training_fingerprint(
        [*train_files, *validation_files],
        fn_args.transform_graph_path,
        schema,
        {
            "model": model.model_dump(mode="json"),
            "training": training.model_dump(mode="json"),
            "code": custom["code_digest"],
        },
    )
    _LOG.info("training on %d rows, validating on %d", len(rows), len(validation))
    with _scratch(devices) as scratch:
        checkpoints = Checkpoints(
            custom["checkpoint_dir"], fingerprint, ranker, scratch and f"{scratch}/checkpoints"
        )
        log_dir = f"{scratch}/run" if scratch else fn_args.model_run_dir
        loop = TrainingLoop(ranker, rows, validation, training, checkpoints, log_dir, devices)
        history = loop.run()
        if devices.strategy.num_replicas_in_sync > 1:
            ranker = _on_one_device(ranker, make_ranker)
        if devices.chief:
            write_record(ranker, history, validation, fn_args.model_run_dir)
            scorer = _prepare_export(ranker, validation, training.batch_size, fn_args.model_run_dir)
            if write_calibration(ranker, history, validation, fn_args.model_run_dir):
                # A graph keeps the scores with which it was traced.
                scorer = make_scorer(ranker, validation, training.batch_size)
            module = ServingModule(ranker, transform, contract)
            save_serving_model(module, fn_args.serving_model_dir)
            _record_canary(fn_args, contract, training, scorer, validation, validation_files)
            checkpoints.clear()
        # Whoever leaves earlier is taken for dead by the others.
        devices.wait()


@contextlib.contextmanager
def _scratch(devices: Devices) -> Iterator[str | None]:
    """A folder, removed at last, for what a worker that is not the chief must write."""
    if devices.chief:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="polyrank-worker-") as folder:
        yield folder


def _on_one_device(ranker: Ranker, make_ranker: Callable[[], Ranker]) -> Ranker:
    """A copy in the host's memory: what is exported must not wait for other replicas."""
    with tf.device("CPU:0"):
        copy = make_ranker()
    # First, since the order of weights depends on which of them a phase trains.
    copy.start_phase(ranker.architecture.phases(ranker.training_config)[-1])
    copy.set_weights(ranker.get_weights())
    return copy


def _train_rows(
    contract: Contract, transform: Transform, files: list[str], limit: int
) -> tuple[InMemorySplit | StreamedRows, dict[str, float]]:
    """The train split, and the base rates that its towers start from."""
    held = hold(contract, transform, files, serving=False, limit=limit)
    if held is not None:
        return held, starting_rates(contract.tasks, held.base_rate)
    count, rates = count_and_base_rates(contract, files)
    rows = StreamedRows(contract, transform, files, count)
    return rows, starting_rates(contract.tasks, rates.__getitem__)


def _prepare_export(
    ranker: Ranker, validation: InMemorySplit, batch_size: int, folder: str
) -> Scorer:
    """Gives the model its last form and writes down what that did to it, where it did anything.

    Returns:
      What scores rows as the model in that form does.
    """
    scorer = make_scorer(ranker, validation, batch_size)
    before = scorer(validation)
    facts = ranker.prepare_export(validation.in_order(batch_size))
    if not facts:
        return scorer
    # A graph keeps the form in which it was traced.
    scorer = make_scorer(ranker, validation, batch_size)
    after = scorer(validation)
    document = {
        **facts,
        VALIDATION: {
            "trained": validation_metrics(validation, before, before),
            "exported": validation_metrics(validation, after, after),
        },
    }
    write_json(f"{folder}/export.json", document)
    return scorer


def _record_canary(
    fn_args: Any,
    contract: Contract,
    training: TrainingConfig,
    scorer: Scorer,
    validation: InMemorySplit,
    validation_files: list[str],
) -> None:
    """Writes rows with the trainer's scores of them, for the canary and for warming up."""
    custom = fn_args.custom_config
    positions = spread_positions(len(validation), custom["canary_rows"])
    serialized = read_rows(validation_files, positions)
    write_warmup(fn_args.serving_model_dir, custom["model_name"], contract, serialized)
    scores = scorer(validation.at(positions))
    write_canary(f"{fn_args.model_run_dir}/canary", serialized, scores, training.precision)
