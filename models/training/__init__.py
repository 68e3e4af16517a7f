"""Training: run_fn, the loop, checkpoints, devices and validation."""
