"""PromotionGate: a verdict for every scenario x output, and the blessing that follows."""

from components.promotion_gate.component import PromotionGate
from components.promotion_gate.config import GateConfig
from components.promotion_gate.eval_config import make_eval_config

__all__ = ["GateConfig", "PromotionGate", "make_eval_config"]
