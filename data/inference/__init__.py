"""Proposes a tagged schema from a log: what each column is, and why it is believed to be that."""
