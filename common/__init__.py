"""What every package may use: errors, settings, names of splits, files written whole."""
