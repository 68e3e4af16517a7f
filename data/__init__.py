"""Logs of impressions: reading and checking them, adapters, inference, a synthetic world."""
