"""AITM: towers along the chain of labels, each taking over what its parent's tower knows."""
