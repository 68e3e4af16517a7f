"""TFX's Pusher, made atomic: a version is pushed whole or not at all."""
