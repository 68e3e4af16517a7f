"""Checkpoints of a training: what they hold, their files, and how they survive damage."""
