"""TAML: task-adaptive multi-learner network with self-distillation."""
