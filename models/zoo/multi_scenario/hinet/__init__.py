"""HiNet: hierarchical information extraction over scenarios and tasks."""
