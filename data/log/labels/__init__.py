"""What the labels of a log say: known or not yet, gaps, counts."""
