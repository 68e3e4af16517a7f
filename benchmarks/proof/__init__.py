"""Claims about models, verified on logs whose true probabilities are known."""
