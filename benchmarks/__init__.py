"""Measurements of speed and of quality; they print ratios and intervals, and test nothing."""
