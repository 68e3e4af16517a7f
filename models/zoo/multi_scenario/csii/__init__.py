"""CSII: cross-scenario information interaction."""
