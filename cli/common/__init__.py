"""What several commands share: terminal, options, work folders, failures."""
