"""ReferenceComparison: the candidate against simple models, on the very rows they scored."""
