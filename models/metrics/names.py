"""The metrics' names: as keys of every file that holds metrics, and as people read them."""

AUC = "auc"
GAUC = "gauc"
LOGLOSS = "logloss"
CALIBRATION = "calibration"

POSITIVES = "positives"
NEGATIVES = "negatives"
"""Numbers of rows with target 1 and 0."""

COMPARED = (AUC, GAUC, LOGLOSS)
"""What two models' differences are tested in."""

JUDGED = (AUC, LOGLOSS, CALIBRATION)
"""What one model must have, and may have limits of."""

SMALLER_IS_BETTER = frozenset({LOGLOSS})
"""Of `COMPARED`."""

TITLES = {AUC: "AUC", GAUC: "GAUC", LOGLOSS: "log loss", CALIBRATION: "calibration"}
"""As people read them."""


def standard_error_key(metric: str) -> str:
    """The name of the standard error of a value, for a metric of `JUDGED`."""
    return f"{metric}_standard_error"
