"""RegisterPushed: only what was really pushed becomes the next baseline."""
