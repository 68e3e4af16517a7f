"""ReferenceModels: what simple models reach on the run's own rows."""
