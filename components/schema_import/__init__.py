"""SchemaImport: the data contract as an artifact."""
