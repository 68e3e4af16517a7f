"""Trains on two logical CPUs, and calibrates what it has trained.

`python two_devices_script.py TRANSFORM_FOLDER OUTPUT_FOLDER`
"""

import pathlib
import sys

import tensorflow as tf
import trainer_arguments

from models.training.run_fn import run_fn

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
folder = pathlib.Path(sys.argv[2])
run_fn(trainer_arguments.arguments(folder, sys.argv[1], optimizer="sgd", calibration="isotonic"))
trainer_arguments.check_outcome(folder)
