"""ReferenceModels: what simple models reach on the run's own rows."""

from components.reference_models.component import ReferenceModels

__all__ = ["ReferenceModels"]
