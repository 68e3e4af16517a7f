"""The adapter of our metrics to TensorFlow Model Analysis."""
