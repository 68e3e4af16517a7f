"""A run of the pipeline on this machine: data, progress, result and tables."""
