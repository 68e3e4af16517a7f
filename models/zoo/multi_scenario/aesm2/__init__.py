"""AESM2: experts that are selected row by row, for scenarios and then for tasks."""
