"""Which column is the user, the item, the scenario and the time of an impression."""
