"""The rows of a split: in memory, mapped from files, or streamed."""
