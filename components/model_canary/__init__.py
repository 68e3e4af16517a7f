"""ModelCanary: a real model server must give the trainer's scores before anything is pushed."""

from components.model_canary.component import ModelCanary
from components.model_canary.config import CanaryConfig

__all__ = ["CanaryConfig", "ModelCanary"]
