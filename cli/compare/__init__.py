"""Comparisons: trials of several models, their summary and their reports."""
