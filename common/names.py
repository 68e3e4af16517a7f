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

OVERALL = "all"
"""Stands for all scenarios together where cells are named by scenario."""
