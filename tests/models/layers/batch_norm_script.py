"""Steps of `ScenarioBatchNorm` on one device and on two, and what differs, as JSON.

A process of its own, because logical devices must be made before TensorFlow starts.
"""

import json
import sys

import numpy as np
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

from models.layers.once_a_step import one_step  # noqa: E402
from models.layers.scenario_batch_norm import ScenarioBatchNorm  # noqa: E402

STEPS, WIDTH = 3, 4
# The second device has fewer rows, and none of scenario 0 or 3.
SCENARIO = np.array([0, 1, 0, 2, 3, 0, 2] + [1, 2, 2], np.int32)
FIRST = 7


def made() -> ScenarioBatchNorm:
    layer = ScenarioBatchNorm(5, memory_rows=3.0)
    layer.build((None, WIDTH))
    random = np.random.default_rng(2)
    for variable in layer.trainable_variables:
        variable.assign(random.normal(1.0, 0.3, variable.shape))
    return layer


def main() -> None:
    random = np.random.default_rng(3)
    rows = random.normal(2.0, 3.0, (STEPS, len(SCENARIO), WIDTH)).astype(np.float32)
    factors = random.normal(size=(len(SCENARIO), WIDTH)).astype(np.float32)

    def step(layer: ScenarioBatchNorm, x: tf.Tensor, scenario: tf.Tensor, by: tf.Tensor) -> list:
        """Outputs, and the gradients of this replica's share: of its rows, and of variables."""
        with one_step(), tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, scenario, training=True)
            # A second call is no second step.
            share = tf.reduce_sum(layer(x, scenario, training=True) ** 2 * by)
        return [outputs, *tape.gradient(share, [x, *layer.trainable_variables])]

    alone = made()
    single = tf.function(lambda *inputs: step(alone, *inputs), autograph=False)
    wanted = [[x.numpy() for x in single(x, SCENARIO, factors)] for x in rows]
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        mirrored = made()
    parts = (slice(0, FIRST), slice(FIRST, None))

    @tf.function(autograph=False)
    def both(*inputs: tf.Tensor) -> list:
        return strategy.run(lambda *own: step(mirrored, *own), inputs)

    def distributed(values: np.ndarray) -> tf.Tensor:
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(values[parts[context.replica_id_in_sync_group]])
        )

    found = []
    for x in rows:
        results = both(*(distributed(values) for values in (x, SCENARIO, factors)))
        locals_ = [[y.numpy() for y in strategy.experimental_local_results(r)] for r in results]
        outputs, gradient, *of_variables = locals_
        sums = [np.sum(each, axis=0) for each in of_variables]
        found.append([np.concatenate(outputs), np.concatenate(gradient), *sums])

    def differ(at: slice) -> float:
        steps = zip(found, wanted, strict=True)
        pairs = [pair for a, b in steps for pair in zip(a[at], b[at], strict=True)]
        return max(float(np.abs(a - b).max()) for a, b in pairs)

    weights = zip(mirrored.get_weights(), alone.get_weights(), strict=True)
    report = {
        "outputs": differ(slice(0, 1)),
        "gradients": differ(slice(1, None)),
        "weights": max(float(np.abs(a - b).max()) for a, b in weights),
        "size": float(np.abs(wanted[-1][1]).max()),
    }
    sys.stdout.write(json.dumps(report) + "\n")


main()
