"""The worlds that claims are verified on, and their rows."""
