"""TFX's Transform, which takes the contract from the schema artifact."""
