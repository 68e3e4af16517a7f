"""Trainings on worlds: run within a budget, judged by the truth, and recorded."""
