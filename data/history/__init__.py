"""What each user did before an impression, as lists: for training from a log, and for serving."""
