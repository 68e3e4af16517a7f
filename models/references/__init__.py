"""Simple models that a candidate should beat: smoothed rates and logistic regression."""
