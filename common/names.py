"""Names that several packages agree on: of splits, of serving signatures, of the overall cell."""

TRAIN = "train"
VALIDATION = "validation"
EVAL = "eval"

SPLITS = (TRAIN, VALIDATION, EVAL)
"""In the order of time: to learn from, to stop early by, to be judged on."""

SERVING_DEFAULT = "serving_default"
"""The signature that takes serialized tf.Examples, string [B]."""

PREDICT = "predict"
"""The signature that takes one tensor a feature, [B]."""

EVALUATION_TARGETS = "evaluation_targets"
"""The signature that computes targets and weights from labelled tf.Examples, string [B]."""

OVERALL = "*"
"""Stands for all scenarios together where cells are named by scenario: in results, in the gate's
overrides, in tables. No scenario can have this name: a contract that lists it is refused."""

OVERALL_BEFORE_FORMAT_2 = "all"
"""What OVERALL was in results without a format number, where a scenario could have the name too."""

RESULT_FORMAT = 2
"""The number under `format` in every result that names cells by scenario. It goes up where a
reader has to change; results without one are of format 1."""
