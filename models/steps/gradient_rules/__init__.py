"""Rules that read the gradients of outputs or scenarios in variables that they share."""
