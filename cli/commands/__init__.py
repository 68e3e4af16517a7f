"""One module a command of `polyrank`, of the same name."""
