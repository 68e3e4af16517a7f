"""PromotionGate: a verdict for every scenario x output, and the blessing that follows."""
