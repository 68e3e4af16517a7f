"""Trials: models trained on shared rows with one budget, and judged alike."""
