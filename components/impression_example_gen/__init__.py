"""Reads the log as columns, checks its contract, and writes splits of tf.Examples."""
