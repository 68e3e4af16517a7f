"""Reading and checking a log of impressions: one definition for every command and component."""
