"""Layers that make embeddings of a row's lists: histories, values of equal standing, vectors."""
