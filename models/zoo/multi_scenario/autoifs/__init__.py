"""AutoIFS: information flows between scenarios and tasks, selected."""
