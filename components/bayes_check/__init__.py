"""BayesCheck: a model that ranks better than the truth can has seen what it must not."""
