"""Adapters: other data sets, and files of your own, as logs in spans."""
