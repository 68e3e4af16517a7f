"""What is claimed of models, a module a claim, and what several of them measure."""
