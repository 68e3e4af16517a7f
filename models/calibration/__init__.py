"""Calibration: curves from a model's log-odds to calibrated ones, a scenario and output each."""
