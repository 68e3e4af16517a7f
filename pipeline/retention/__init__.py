"""What a work folder holds on disk, and which of it may be removed."""
