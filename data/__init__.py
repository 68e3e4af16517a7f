"""Adapters: logs written as span=YYYY-MM-DD/*.parquet."""
