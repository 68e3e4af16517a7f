"""Keras models: preprocessing, layers, architectures, training and export.

TFRS, TFT's layer and TFMA's metrics are Keras 2, so one Keras serves all:
`import tf_keras as keras`, and the switch below before TensorFlow looks.
"""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
