"""Which scenario gains from whose rows: trainings on all, on one's own and without one."""
