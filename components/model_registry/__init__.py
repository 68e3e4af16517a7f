"""The registry of pushed versions, and rolling back to one of them."""
