"""Numbers without an error: such a value is decided by itself, not by its interval."""

from models.metrics.names import JUDGED, standard_error_key

EXACT = {standard_error_key(metric): 0.0 for metric in JUDGED}
