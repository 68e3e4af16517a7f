"""What came of an impression: labels, their relations, and the columns that give them away."""
