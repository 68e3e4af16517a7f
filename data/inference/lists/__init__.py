"""What lists are to a model: sequences, several values of equal standing, vectors, weights."""
