"""The TFX pipeline and its typed configuration."""
