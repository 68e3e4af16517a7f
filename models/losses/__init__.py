"""The label space, entire-space probabilities and the balance of losses."""
