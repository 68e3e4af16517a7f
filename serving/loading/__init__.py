"""Loads the versions of a model as TF Serving does, and decides which of them serves."""
