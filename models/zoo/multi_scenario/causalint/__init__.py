"""CausalInt: scenario-invariant and scenario-aware representations, and transfer between them."""
