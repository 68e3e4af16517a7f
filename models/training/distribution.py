"""Which devices a training runs on: one, all of this machine, or those of several machines."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Literal

import tensorflow as tf

from common.settings import SettingsError

_ROLES = ("chief", "worker")


@dataclasses.dataclass(frozen=True)
class Devices:
    """The devices of a training, as one process (a worker) of it sees them.

    Attributes:
      strategy: how variables and batches lie on them.
      workers: number of processes.
      chief: whether this is the process that writes what the training leaves.
    """

    strategy: tf.distribute.Strategy
    workers: int = 1
    chief: bool = True

    def agreed(self, value: float) -> float:
        """Returns the mean of the workers' values: the same number, to the last bit, for all.

        All workers call it. What they decide on must not differ by rounding: one would stop
        while the others wait for its gradients.
        """
        if self.workers == 1:
            return value

        values = self.strategy.experimental_distribute_values_from_function(
            lambda _: tf.constant(value, tf.float64)
        )
        return float(self.strategy.reduce(tf.distribute.ReduceOp.MEAN, values, axis=None))

    def wait(self) -> None:
        """Returns when all workers have called it."""
        self.agreed(0.0)

    def distributed(self, batches: tf.data.Dataset) -> tf.distribute.DistributedDataset:
        """Deals the rows of every batch out to the replicas.

        Every worker reads all batches and keeps its part of each. TensorFlow's default gives
        workers files of their own: their batches would end at different steps.
        """
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.DATA
        )
        return self.strategy.experimental_distribute_dataset(batches.with_options(options))


def training_devices(setting: Literal["auto", "one"]) -> Devices:
    """Chooses the devices; the first thing a training does, before TensorFlow computes anything.

    Args:
      setting: `auto` takes the workers that the environment variable TF_CONFIG names, each with
        all its GPUs; without TF_CONFIG, every GPU of this machine. `one` takes one device.

    Raises:
      SettingsError: TF_CONFIG can't be used, or contradicts the setting.
    """
    try:
        given = json.loads(os.environ.get("TF_CONFIG") or "{}")
        if not isinstance(given, dict):
            raise ValueError("it is no JSON object")
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        cluster = resolver.cluster_spec().as_dict()
        role, number = resolver.task_type, resolver.task_id
    except (ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"TF_CONFIG can't be read: {error}") from None
    workers = sum(len(cluster[name]) for name in cluster)
    if workers <= 1:
        return Devices(_on_this_machine(setting))
    strange = sorted({*cluster, role or ""} - {*_ROLES})
    if strange:
        raise SettingsError(f"TF_CONFIG names the role '{strange[0]}'; want 'chief' and 'worker'")
    if number is None or not 0 <= number < len(cluster.get(role, ())):
        raise SettingsError(
            f"TF_CONFIG says that this is {role} {number}, and names "
            f"{len(cluster.get(role, ()))} of that role; want an index from 0"
        )
    if setting == "one":
        raise SettingsError(
            f"training.devices is 'one', and TF_CONFIG names {workers} workers; say 'auto'"
        )
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"training on {workers} workers needs a process of its own for every Trainer: {error}"
        ) from None
    chief = role == "chief" or ("chief" not in cluster and number == 0)
    return Devices(strategy, workers, chief)


def _on_this_machine(setting: str) -> tf.distribute.Strategy:
    # A CPU is several logical devices only where somebody has split it on purpose.
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if setting == "auto" and len(found) > 1:
        return tf.distribute.MirroredStrategy([device.name for device in found])
    return tf.distribute.get_strategy()
