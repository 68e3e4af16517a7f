"""The whole zoo in one table."""
