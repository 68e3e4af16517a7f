"""Exact metrics of binary rankings, their differences, and how sure these are."""
