"""Turns "the last N days" into dates."""
