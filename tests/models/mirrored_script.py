"""Trains on one device and on two of its kind (CPU, GPU), and prints what differs as JSON.

A process of its own, because logical devices must be made before TensorFlow starts and a
strategy does not like others beside it.
"""

import json
import sys

import numpy as np
import tensorflow as tf

KIND = sys.argv[3]
MEGABYTES = 2048 if KIND == "GPU" else None
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices(KIND)[0],
    [tf.config.LogicalDeviceConfiguration(memory_limit=MEGABYTES)] * 2,
)
# CPUs and GPUs alike count in float32 then.
tf.config.experimental.enable_tensor_float_32_execution(False)

from made_batches import (  # noqa: E402
    batch,
    five_branch_graph,
    layout,
    make_ranker,
    randomise,
    task_graph,
)
from made_lists import with_lists  # noqa: E402

ROWS, GLOBAL_BATCH, EPOCHS = 31, 10, 2
REGULARISED = {"embedding_dim": 4, "embedding_l2": 0.02, "wide_l2": 0.03, "kernel_l2": 0.01}


def trained(model: dict, mode: str) -> tuple[list[np.ndarray], list[float]]:
    """Epochs of batches of 10, 10, 10 and 1: weights, and the loss of each epoch's last."""
    tasks = five_branch_graph() if mode.startswith("unclicked") else task_graph(2)
    inputs = with_lists(layout()) if mode.startswith("lists") else layout()
    ranker = make_ranker(
        {**REGULARISED, **model},
        inputs=inputs,
        tasks=tasks,
        optimizer="sgd",
        learning_rate=0.3,
        xla=mode == "xla",
        loss_weights={"click": 2.0},
    )
    randomise(ranker)
    rows = batch(ROWS, inputs, tasks)
    data = tf.data.Dataset.from_tensor_slices(rows).batch(GLOBAL_BATCH)
    history = ranker.fit(data, epochs=EPOCHS, verbose=0).history
    return ranker.get_weights(), history["loss"]


def main() -> None:
    model, mode = json.loads(sys.argv[1]), sys.argv[2]
    weights, losses = trained(model, mode)
    strategy = tf.distribute.MirroredStrategy([f"{KIND}:0", f"{KIND}:1"])
    with strategy.scope():
        mirrored_weights, mirrored_losses = trained(model, mode)
    pairs = list(zip(weights, mirrored_weights, strict=True))
    report = {
        "replicas": strategy.num_replicas_in_sync,
        # Relative above 1: sums that are kept beside the weights have larger rounding steps.
        "weights": max(float((np.abs(a - b) / np.maximum(1, np.abs(a))).max()) for a, b in pairs),
        "losses": float(np.abs(np.subtract(losses, mirrored_losses)).max()),
        "loss": losses[0],
    }
    sys.stdout.write(json.dumps(report) + "\n")


main()
