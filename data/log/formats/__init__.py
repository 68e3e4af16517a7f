"""File formats of the log: one module each behind `log_reader.LogReader`."""
