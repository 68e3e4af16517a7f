"""The verdict on the compared models: tables, targets, and what was reached."""
