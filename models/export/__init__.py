"""What a training leaves behind: SavedModel, validation sample, explanation."""
